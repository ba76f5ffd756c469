// Dates, times of day and zones as ISO 8601 writes them. Moments are Unix seconds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace proto {

// Reads a text part by part. A part that is not there, or is none that exists, ends it: nothing is
// good from then on, and numbers that were read mean nothing.
class DateTimeReader {
 public:
  explicit DateTimeReader(std::string_view text) : rest_(text) {}

  int64_t date();   // "2026-11-22": its first moment, in UTC
  int64_t clock();  // "10:00", "10:00:07": seconds into the day
  int64_t zone();   // "Z", "+08:00", "-0330": seconds east of UTC; at most 14 hours and 59 minutes
  bool take(char c);  // when it comes next
  void need(char c);

  bool good() const { return good_; }
  bool at_end() const { return rest_.empty(); }

 private:
  int digits(size_t count);
  int fail();

  std::string_view rest_;
  bool good_ = true;
};

std::string format_date(int64_t unix_seconds);       // "2026-11-22", in UTC
std::string format_clock(int64_t seconds_into_day);  // "10:00:07"

}  // namespace proto
