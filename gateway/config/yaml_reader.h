// Reads weir.yaml and the domain files it names into a Document, strictly: unknown and duplicate
// keys, anchors, aliases, tags, wrong types and values out of range are problems, and all of them
// are reported at once.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/document.h"

namespace gateway::config {

struct Reading {
  Document document;              // usable only when no problem is an error
  std::vector<Problem> problems;  // errors and warnings, in the order of files and lines
  bool ok() const;                // no errors
};

// `path` is weir.yaml; `domains:` patterns in it are relative to its folder. Reads, then runs
// check().
Reading read_files(const std::string& path);

// The same for a reload: `running` is what is in force. A pattern that matches no file any more,
// and no domain where there were some, are then errors and no warnings: a folder that is not there
// for a moment must not end every session. Where none is meant the file says domains: [].
Reading read_again(const std::string& path, const Document& running);

// One node file held in memory; a `domains:` pattern is a problem there. For tests, fuzzing and
// config sync.
Reading read_text(std::string_view yaml, const std::string& name);

// The effective configuration with every default filled in, as YAML that read_text accepts (`weir
// check --print`).
std::string print(const Document& document);

}  // namespace gateway::config
