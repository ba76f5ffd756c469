#include "gateway/config/document.h"

#include "proto/base/text.h"

namespace gateway::config {

std::string Domain::label() const {
  return written.empty() ? proto::to_lower(names.front()) : written;
}

std::string to_string(const Problem& problem) {
  std::string out = problem.place.file;
  if (problem.place.line > 0) {
    out += ':' + std::to_string(problem.place.line) + ':' + std::to_string(problem.place.column);
  }
  if (!problem.path.empty()) out += ": " + problem.path;
  if (!problem.code.empty()) out += ": " + problem.code;
  return out + ": " + problem.text;
}

}  // namespace gateway::config
