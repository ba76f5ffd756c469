// Reads weir.yaml and the domain files it names into a Document, strictly: unknown and duplicate
// keys, anchors, aliases, tags, wrong types and values out of range are problems, and all of them
// are reported at once.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/document.h"

namespace gateway::config {

struct Reading {
  Document document;              // usable only when no problem is an error
  std::vector<Problem> problems;  // errors and warnings, in the order of files and lines
  size_t parsed = 0;              // domain files that said something new
  bool ok() const;                // no errors
};

class DomainFiles;

// Reads the configuration of a process, again and again: what has not changed is not parsed again.
// One thread at a time.
class Reader {
 public:
  // `path` is weir.yaml; `domains:` patterns in it are relative to its folder.
  explicit Reader(std::string path);
  Reader(Reader&&) noexcept;
  Reader& operator=(Reader&&) noexcept;
  ~Reader();

  // Reads, then runs check(). A domain file that says what it said at the last reading, under the
  // same `defaults:`, gives the same object.
  Reading read();

  // The same for a reload: `running` is what is in force. A pattern that matches no file any more,
  // and no domain where there were some, are then errors and no warnings: a folder that is not
  // there for a moment must not end every session. Where none is meant the file says domains: [].
  Reading read_again(const Document& running);

 private:
  Reading read(const Document* running);

  std::string path_;
  std::unique_ptr<DomainFiles> files_;
};

// The same, once.
Reading read_files(const std::string& path);

// One node file held in memory; a `domains:` pattern is a problem there. For tests, fuzzing and
// config sync.
Reading read_text(std::string_view yaml, const std::string& name);

}  // namespace gateway::config
