#include "gateway/config/calendar.h"

#include <chrono>
#include <cstdlib>
#include <string>

#include "proto/base/text.h"

namespace gateway::config {

namespace {

using std::chrono::day;
using std::chrono::month;
using std::chrono::year;
using std::chrono::year_month_day;

std::optional<int> number(std::string_view text, size_t at, size_t digits) {
  if (text.size() < at + digits) return std::nullopt;
  const auto value = proto::parse_decimal(text.substr(at, digits));
  return value ? std::optional(static_cast<int>(*value)) : std::nullopt;
}

int64_t seconds_of(const year_month_day& date) {
  return int64_t{std::chrono::sys_days{date}.time_since_epoch().count()} * kDaySeconds;
}

std::optional<int64_t> parse_day(std::string_view text) {
  const auto years = number(text, 0, 4);
  const auto months = number(text, 5, 2);
  const auto days = number(text, 8, 2);
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  if (!years || !months || !days) return std::nullopt;
  const year_month_day date{year{*years}, month{static_cast<unsigned>(*months)},
                            day{static_cast<unsigned>(*days)}};
  if (!date.ok()) return std::nullopt;
  return seconds_of(date);
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

std::string padded(int64_t number, size_t digits) {
  std::string text = std::to_string(number);
  if (text.size() < digits) text.insert(0, digits - text.size(), '0');
  return text;
}

std::string clock(int64_t minutes) {
  return padded(minutes / 60, 2) + ':' + padded(minutes % 60, 2);
}

}  // namespace

std::optional<int64_t> parse_zone(std::string_view text) {
  if (text == "Z") return 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  const auto hours = number(text, 1, 2);
  const auto minutes = number(text, 4, 2);
  if (!hours || !minutes || *minutes > 45 || *minutes % 15 != 0) return std::nullopt;
  const int64_t seconds = *hours * kHourSeconds + int64_t{*minutes} * 60;
  if (seconds > 14 * kHourSeconds) return std::nullopt;
  return text[0] == '-' ? -seconds : seconds;
}

std::optional<int64_t> parse_moment(std::string_view text, int64_t zone) {
  const auto begin = parse_day(text.substr(0, 10));
  if (!begin) return std::nullopt;
  if (text.size() == 10) return *begin - zone;
  const auto hours = number(text, 11, 2);
  const auto minutes = number(text, 14, 2);
  if (!hours || *hours > 23 || !minutes || *minutes > 59) return std::nullopt;
  if ((text[10] != 'T' && text[10] != ' ') || text[13] != ':') return std::nullopt;
  const auto offset = text.size() == 16 ? zone : parse_zone(text.substr(16));
  if (!offset) return std::nullopt;
  return *begin + *hours * kHourSeconds + int64_t{*minutes} * 60 - *offset;
}

std::optional<int64_t> parse_month(std::string_view text, int64_t zone) {
  if (text.size() != 7) return std::nullopt;
  const auto begin = parse_day(std::string(text) + "-01");
  if (!begin) return std::nullopt;
  return *begin - zone;
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

std::string format_day(int64_t time, int64_t zone) {
  const year_month_day date = date_of(time, zone);
  return padded(static_cast<int>(date.year()), 4) + '-' +
         padded(static_cast<unsigned>(date.month()), 2) + '-' +
         padded(static_cast<unsigned>(date.day()), 2);
}

std::string format_moment(int64_t time, int64_t zone) {
  const int64_t minutes = (time - day_begin(time, zone)) / 60;
  std::string text = format_day(time, zone) + 'T' + clock(minutes);
  if (zone == 0) return text + 'Z';
  return text + (zone < 0 ? '-' : '+') + clock(std::abs(zone) / 60);
}

}  // namespace gateway::config
