// What the tests of this folder share: read a text, and look at the problems as the operator sees
// them.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "gateway/config/print.h"
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

// The origin of a domain whose `origin: { … }` holds `keys`, which must be without problems.
inline gateway::config::Origin origin_of(const std::string& keys) {
  auto reading = gateway::config::read_text(
      with_domain("origin: { " + keys + " }\nhttp: { enabled: true }"), "t.yaml");
  for (const auto& problem : reading.problems) FAIL_CHECK(to_string(problem));
  REQUIRE(reading.document.domains.size() == 1);
  return reading.document.domains[0].origin;
}

struct OriginRow {
  const char* keys;
  const char* says;
};

// Each row's keys have one problem, which says so.
inline void expect_in_origin(std::initializer_list<OriginRow> rows) {
  for (const OriginRow& row : rows) {
    CAPTURE(row.keys);
    // Where servers are given there is nothing builtin beside them.
    bool serves = std::string_view(row.keys).starts_with("servers");
    auto found = problems_of(
        with_domain("origin: { " + std::string(serves ? "" : "builtin: echo, ") + row.keys + " }"));
    REQUIRE(found.size() >= 1);
    CAPTURE(found[0]);
    CHECK(found.size() == 1);
    CHECK(contains(found[0], "t.yaml:4:"));
    CHECK(contains(found[0], row.says));
  }
}

}  // namespace tests
