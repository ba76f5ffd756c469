#include "gateway/usage/answers/time_text.h"

#include <charconv>

#include "proto/base/date_time.h"

namespace gateway::usage::answers {

namespace {

constexpr const char* kAllowed =
    " is no time: write 2026-11-22, 2026-11-22T10:00, 2026-11-22T10:00:00Z, "
    "2026-11-22T10:00+08:00 (UTC without a zone) or @1795341600";

constexpr int64_t kDaySeconds = 86'400;

}  // namespace

proto::Result<int64_t, std::string> parse_time(std::string_view text) {
  // Beyond the year 9999 there is no way to write it.
  constexpr int64_t kLast = 253'402'300'799;
  const auto fault = [text] { return proto::Unexpected{"'" + std::string(text) + "'" + kAllowed}; };
  if (text.starts_with('@')) {
    int64_t seconds = -1;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + 1, end, seconds);
    if (error != std::errc() || stop != end || seconds < 0 || seconds > kLast) return fault();
    return seconds;
  }
  proto::DateTimeReader reader(text);
  int64_t time = reader.date();
  if (time < 0) return fault();
  if (reader.good() && !reader.at_end()) {
    if (!reader.take('T')) reader.need(' ');
    time += reader.clock();
    if (!reader.at_end()) time -= reader.zone();
  }
  if (!reader.good() || !reader.at_end() || time < 0) return fault();
  return time;
}

std::string format_time(int64_t unix_seconds) {
  const int64_t into_day = (unix_seconds % kDaySeconds + kDaySeconds) % kDaySeconds;
  return proto::format_date(unix_seconds) + 'T' + proto::format_clock(into_day) + 'Z';
}

}  // namespace gateway::usage::answers
