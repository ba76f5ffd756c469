// What the tests of this folder share: read a text, and look at the problems as the operator sees
// them.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/yaml_reader.h"

namespace tests {

inline constexpr std::string_view kListener = "listeners: [{ name: web, ports: [8080] }]\n";

inline std::vector<std::string> problems_of(std::string_view yaml) {
  std::vector<std::string> out;
  for (const auto& problem : gateway::config::read_text(yaml, "t.yaml").problems) {
    out.push_back(to_string(problem));
  }
  return out;
}

// The keys of one domain, each line without indentation of its own, behind a listener on line 1.
// The first line of `keys` is line 4 of the text.
inline std::string with_domain(std::string_view keys) {
  std::string out = std::string(kListener) + "domains:\n  - domain: chat.example.com\n";
  while (!keys.empty()) {
    size_t end = std::min(keys.find('\n'), keys.size());
    out += "    " + std::string(keys.substr(0, end)) + '\n';
    keys.remove_prefix(std::min(end + 1, keys.size()));
  }
  return out;
}

// The problem that mentions `part`, or nothing; tests compare or look into it.
inline std::string problem_with(std::string_view yaml, std::string_view part) {
  for (const std::string& problem : problems_of(yaml)) {
    if (problem.find(part) != std::string::npos) return problem;
  }
  return {};
}

inline bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace tests
