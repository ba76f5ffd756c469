// Times as people write them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proto/base/result.h"

namespace gateway::usage::answers {

// "2026-11-22", "2026-11-22T10:00:00Z", "2026-11-22T10:00+08:00", "2026-11-22 10:00" (UTC without
// a zone), or Unix seconds with a leading '@'. Error: why not.
[[nodiscard]] proto::Result<int64_t, std::string> parse_time(std::string_view text);
std::string format_time(int64_t unix_seconds);  // "2026-11-22T10:00:00Z"

}  // namespace gateway::usage::answers
