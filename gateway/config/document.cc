#include "gateway/config/document.h"

#include <algorithm>
#include <utility>

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

std::vector<Problem> errors_last(std::vector<Problem> problems) {
  std::ranges::stable_partition(problems, &Problem::warning);
  return problems;
}

}  // namespace gateway::config
