// Days and months at a fixed distance from UTC, for bills: no zone here has a summer time. `zone`
// is in seconds east of UTC, times are Unix seconds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace proto {

inline constexpr int64_t kHourSeconds = 3600;
inline constexpr int64_t kDaySeconds = 24 * kHourSeconds;

// "+08:00", "-03:30" or "Z"; whole quarters of an hour, at most 14 hours.
std::optional<int64_t> parse_zone(std::string_view text);
// "2026-10-15" (its first moment), "2026-10-15T08:00", "2026-10-15T08:00Z", "…T08:00+08:00".
std::optional<int64_t> parse_moment(std::string_view text, int64_t zone);
// "2026-10": its first moment.
std::optional<int64_t> parse_month(std::string_view text, int64_t zone);

// The first moment of the hour, day or month that `time` lies in, and of the month after.
int64_t hour_begin(int64_t time, int64_t zone);
int64_t day_begin(int64_t time, int64_t zone);
int64_t month_begin(int64_t time, int64_t zone);
int64_t next_month(int64_t time, int64_t zone);

std::string format_month(int64_t time, int64_t zone);   // "2026-10"
std::string format_day(int64_t time, int64_t zone);     // "2026-10-15"
std::string format_moment(int64_t time, int64_t zone);  // "2026-10-15T08:00Z", "…T08:00+08:00"

}  // namespace proto
