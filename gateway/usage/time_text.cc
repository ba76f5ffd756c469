#include "gateway/usage/time_text.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

namespace gateway::usage {

namespace {

constexpr const char* kAllowed =
    " is no time: write 2026-11-22, 2026-11-22T10:00, 2026-11-22T10:00:00Z, "
    "2026-11-22T10:00+08:00 (UTC without a zone) or @1795341600";

class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  // Exactly so many digits; -1: they are not there, and everything after fails, too.
  int digits(size_t count) {
    if (rest_.size() < count) return fail();
    int number = 0;
    for (size_t i = 0; i < count; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return fail();
      number = number * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return number;
  }
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void need(char c) {
    if (!take(c)) fail();
  }
  bool done() const { return rest_.empty(); }
  bool good() const { return good_; }
  int fail() {
    good_ = false;
    rest_ = {};
    return -1;
  }

 private:
  std::string_view rest_;
  bool good_ = true;
};

int64_t read_date(Cursor& text) {
  const std::chrono::year year(text.digits(4));
  text.need('-');
  const std::chrono::month month(static_cast<unsigned>(text.digits(2)));
  text.need('-');
  const std::chrono::day day(static_cast<unsigned>(text.digits(2)));
  const std::chrono::year_month_day date(year, month, day);
  if (!text.good() || !date.ok() || year < std::chrono::year(1970)) return text.fail();
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::sys_days(date).time_since_epoch())
      .count();
}

int64_t read_clock(Cursor& text) {
  const int hour = text.digits(2);
  text.need(':');
  const int minute = text.digits(2);
  const int second = text.take(':') ? text.digits(2) : 0;
  if (hour > 23 || minute > 59 || second > 59) return text.fail();
  return (hour * 60 + minute) * 60 + second;
}

// Seconds east of UTC.
int64_t read_zone(Cursor& text) {
  if (text.done() || text.take('Z')) return 0;
  const bool east = text.take('+');
  if (!east) text.need('-');
  const int hours = text.digits(2);
  static_cast<void>(text.take(':'));
  const int minutes = text.digits(2);
  if (hours > 14 || minutes > 59) return text.fail();
  const int64_t offset = (hours * 60 + minutes) * 60;
  return east ? offset : -offset;
}

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
  Cursor cursor(text);
  int64_t time = read_date(cursor);
  if (cursor.good() && !cursor.done()) {
    if (!cursor.take('T')) cursor.need(' ');
    time += read_clock(cursor);
    time -= read_zone(cursor);
  }
  if (!cursor.good() || !cursor.done() || time < 0) return fault();
  return time;
}

std::string format_time(int64_t unix_seconds) {
  const std::chrono::sys_seconds time{std::chrono::seconds(unix_seconds)};
  const auto days = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(days);
  const std::chrono::hh_mm_ss clock(time - days);
  std::array<char, 64> text{};
  const int size = std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()));
  return {text.data(), static_cast<size_t>(size)};
}

}  // namespace gateway::usage
