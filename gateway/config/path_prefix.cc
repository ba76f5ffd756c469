#include "gateway/config/path_prefix.h"

#include <algorithm>

#include "gateway/config/findings.h"

namespace gateway::config {

namespace {

bool is_visible_ascii(char c) { return c > 0x20 && c < 0x7F; }

bool has_dot_segment(std::string_view path) {
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string_view segment = path.substr(0, path.find('/'));
    if (segment == "." || segment == "..") return true;
    path.remove_prefix(segment.size());
  }
  return false;
}

std::optional<std::string_view> fault_in(std::string_view path) {
  if (!path.starts_with('/')) return "it begins with /";
  if (path.size() > kLongestPrefix) return "it has at most 1024 characters";
  if (!std::ranges::all_of(path, is_visible_ascii)) return "it has only ASCII, and no space";
  if (path.find_first_of("?#") != path.npos) return "queries and fragments have no part in it";
  if (path.find_first_of("%;\\") != path.npos)
    return "% ; and \\ can be read in more than one way, so no route is told by them";
  if (path.find("//") != path.npos) return "some servers read // as one slash";
  if (has_dot_segment(path)) return "it has no segment . or ..";
  return std::nullopt;
}

}  // namespace

std::optional<std::string> path_prefix_problem(std::string_view text) {
  const auto fault = fault_in(text);
  if (!fault) return std::nullopt;
  return in_quotes(text) + " is no beginning of a path: " + std::string(*fault);
}

bool covers(std::string_view prefix, std::string_view path) {
  if (!path.starts_with(prefix)) return false;
  return prefix.ends_with('/') || path.size() == prefix.size() || path[prefix.size()] == '/';
}

}  // namespace gateway::config
