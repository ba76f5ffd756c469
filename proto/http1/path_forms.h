// The paths that servers may read in one path: what a request is routed by must be what its origin
// acts on.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace proto::http1 {

// "%00" in one of the first eight layers of encoding: servers written in C read the path up to
// there.
[[nodiscard]] bool has_encoded_nul(std::string_view path);

// Whether all readings of the path are the path itself, as of nearly all paths: it has no "%",
// "\\",
// ";", "//" and no segment "." or "..".
[[nodiscard]] bool reads_one_way(std::string_view path);

// The path as it is; decoded once, and decoded twice: each time percent-encodings are decoded, "\"
// is "/", ";" and what follows is cut from each segment, "//" is one slash and dot segments are
// resolved. Each begins with a slash.
[[nodiscard]] std::array<std::string, 3> path_readings(std::string_view path);

}  // namespace proto::http1
