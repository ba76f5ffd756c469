// Beginnings of paths, as routes and exceptions name them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gateway::config {

inline constexpr size_t kLongestPrefix = 1024;
// For editors.
inline constexpr std::string_view kPathPrefix = R"(^/[^ ?#%;\\]*$)";

// Why no request's path begins so, or why servers could read one that does in more than one way;
// nothing: it is a prefix. The text stands in quotes in front of what is wrong.
[[nodiscard]] std::optional<std::string> path_prefix_problem(std::string_view text);

}  // namespace gateway::config
