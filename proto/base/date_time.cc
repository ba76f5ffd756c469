#include "proto/base/date_time.h"

#include <array>
#include <chrono>
#include <cstdio>

namespace proto {

namespace {

namespace chrono = std::chrono;

constexpr int kMinuteSeconds = 60;
constexpr int kHourSeconds = 3600;

}  // namespace

// Exactly so many.
int DateTimeReader::digits(size_t count) {
  if (rest_.size() < count) return fail();
  int number = 0;
  for (size_t i = 0; i < count; ++i) {
    if (rest_[i] < '0' || rest_[i] > '9') return fail();
    number = number * 10 + (rest_[i] - '0');
  }
  rest_.remove_prefix(count);
  return number;
}

int DateTimeReader::fail() {
  good_ = false;
  rest_ = {};
  return 0;
}

bool DateTimeReader::take(char c) {
  if (!rest_.starts_with(c)) return false;
  rest_.remove_prefix(1);
  return true;
}

void DateTimeReader::need(char c) {
  if (!take(c)) fail();
}

int64_t DateTimeReader::date() {
  const chrono::year year(digits(4));
  need('-');
  const chrono::month month(static_cast<unsigned>(digits(2)));
  need('-');
  const chrono::day day(static_cast<unsigned>(digits(2)));
  const chrono::year_month_day date(year, month, day);
  if (!good_ || !date.ok()) return fail();
  return chrono::seconds(chrono::sys_days(date).time_since_epoch()).count();
}

int64_t DateTimeReader::clock() {
  const int hour = digits(2);
  need(':');
  const int minute = digits(2);
  const int second = take(':') ? digits(2) : 0;
  if (hour > 23 || minute > 59 || second > 59) return fail();
  return hour * kHourSeconds + minute * kMinuteSeconds + second;
}

int64_t DateTimeReader::zone() {
  if (take('Z')) return 0;
  const bool east = take('+');
  if (!east) need('-');
  const int hours = digits(2);
  static_cast<void>(take(':'));
  const int minutes = digits(2);
  if (hours > 14 || minutes > 59) return fail();
  const int offset = hours * kHourSeconds + minutes * kMinuteSeconds;
  return east ? offset : -offset;
}

std::string format_date(int64_t unix_seconds) {
  const chrono::sys_seconds time{chrono::seconds(unix_seconds)};
  const chrono::year_month_day date(chrono::floor<chrono::days>(time));
  std::array<char, 40> text{};
  const int size =
      std::snprintf(text.data(), text.size(), "%04d-%02u-%02u", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return {text.data(), static_cast<size_t>(size)};
}

std::string format_clock(int64_t seconds_into_day) {
  const chrono::hh_mm_ss clock{chrono::seconds(seconds_into_day)};
  std::array<char, 40> text{};
  const int size = std::snprintf(
      text.data(), text.size(), "%02d:%02d:%02d", static_cast<int>(clock.hours().count()),
      static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
  return {text.data(), static_cast<size_t>(size)};
}

}  // namespace proto
