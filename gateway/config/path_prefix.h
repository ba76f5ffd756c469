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

// Whether requests for `path` are below the prefix, which ends with a segment: "/api" has "/api"
// and
// "/api/v1" and not "/apis"; "/socket.io/" has what stands below it.
[[nodiscard]] bool covers(std::string_view prefix, std::string_view path);

}  // namespace gateway::config
