#include "proto/base/calendar.h"

#include <chrono>
#include <cstdlib>
#include <string>

#include "proto/base/date_time.h"

namespace proto {

namespace {

using std::chrono::day;
using std::chrono::year_month_day;

int64_t seconds_of(const year_month_day& date) {
  return int64_t{std::chrono::sys_days{date}.time_since_epoch().count()} * kDaySeconds;
}

// Rounded down, before 1970 too.
int64_t begin_of(int64_t time, int64_t zone, int64_t length) {
  const int64_t local = time + zone;
  return local - (local % length + length) % length - zone;
}

year_month_day date_of(int64_t time, int64_t zone) {
  const int64_t days = (day_begin(time, zone) + zone) / kDaySeconds;
  return std::chrono::sys_days{std::chrono::days{days}};
}

std::string clock(int64_t minutes) { return format_clock(minutes * 60).substr(0, 5); }

}  // namespace

std::optional<int64_t> parse_zone(std::string_view text) {
  constexpr int64_t kQuarter = kHourSeconds / 4;
  constexpr std::string_view kForm = "+08:00";
  if (text != "Z" && (text.size() != kForm.size() || text[3] != ':')) return std::nullopt;
  DateTimeReader reader(text);
  const int64_t zone = reader.zone();
  if (!reader.good() || zone % kQuarter != 0 || std::abs(zone) > 14 * kHourSeconds)
    return std::nullopt;
  return zone;
}

std::optional<int64_t> parse_moment(std::string_view text, int64_t zone) {
  constexpr size_t kMinutes = std::string_view("2026-10-15T08:00").size();
  DateTimeReader reader(text.substr(0, kMinutes));
  int64_t time = reader.date();
  if (reader.good() && !reader.at_end()) {
    if (!reader.take('T')) reader.need(' ');
    time += reader.clock();
  }
  const auto offset = text.size() > kMinutes ? parse_zone(text.substr(kMinutes)) : zone;
  if (!reader.good() || !reader.at_end() || !offset) return std::nullopt;
  return time - *offset;
}

std::optional<int64_t> parse_month(std::string_view text, int64_t zone) {
  const std::string day = std::string(text) + "-01";
  return day.size() == 10 ? parse_moment(day, zone) : std::nullopt;
}

int64_t hour_begin(int64_t time, int64_t zone) { return begin_of(time, zone, kHourSeconds); }

int64_t day_begin(int64_t time, int64_t zone) { return begin_of(time, zone, kDaySeconds); }

int64_t month_begin(int64_t time, int64_t zone) {
  const year_month_day date = date_of(time, zone);
  return seconds_of(date.year() / date.month() / day{1}) - zone;
}

int64_t next_month(int64_t time, int64_t zone) {
  const year_month_day date = date_of(time, zone);
  const auto next = date.year() / date.month() + std::chrono::months{1};
  return seconds_of(next / day{1}) - zone;
}

std::string format_month(int64_t time, int64_t zone) { return format_day(time, zone).substr(0, 7); }

std::string format_day(int64_t time, int64_t zone) { return format_date(time + zone); }

std::string format_moment(int64_t time, int64_t zone) {
  const int64_t minutes = (time - day_begin(time, zone)) / 60;
  std::string text = format_day(time, zone) + 'T' + clock(minutes);
  if (zone == 0) return text + 'Z';
  return text + (zone < 0 ? '-' : '+') + clock(std::abs(zone) / 60);
}

}  // namespace proto
