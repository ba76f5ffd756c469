// Collects the problems of one file, up to a number that somebody can still read.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/document.h"

namespace gateway::config {

// A place in the file that is being read, both from 1.
struct Mark {
  int line = 0;
  int column = 0;
};

class Findings {
 public:
  // A file of nothing but mistakes must not cost more memory than the file itself did.
  static constexpr size_t kMaxErrors = 1000;

  Findings(std::string file, std::vector<Problem>& problems);

  void error(Mark at, const std::string& path, const std::string& text);
  // Warnings have no cap: there is at most one for each key that was read.
  void warn(Mark at, const std::string& path, const std::string& code, const std::string& text);

  bool full() const { return errors_ >= kMaxErrors; }
  const std::string& file() const { return file_; }
  Position place(Mark at) const { return {file_, at.line, at.column}; }

 private:
  std::string file_;
  std::vector<Problem>& problems_;
  size_t errors_ = 0;
};

// The operator's own text as it can stand in a message: short, on one line; `in_quotes` adds the
// quotes.
std::string shown(std::string_view text);
std::string in_quotes(std::string_view text);

}  // namespace gateway::config
