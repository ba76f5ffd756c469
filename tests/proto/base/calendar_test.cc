#include "proto/base/calendar.h"

#include <doctest/doctest.h>

using namespace proto;

namespace {

constexpr int64_t kOctober = 1'790'812'800;  // 2026-10-01T00:00Z
constexpr int64_t kEast = 8 * kHourSeconds;

}  // namespace

TEST_CASE("calendar: reads days, hours and months where the zone puts them") {
  CHECK(parse_moment("2026-10-01", 0) == kOctober);
  CHECK(parse_moment("2026-10-01", kEast) == kOctober - kEast);
  CHECK(parse_moment("2026-10-01T08:00", 0) == kOctober + kEast);
  CHECK(parse_moment("2026-10-01T08:00+08:00", 0) == kOctober);
  CHECK(parse_moment("2026-10-01 00:00Z", kEast) == kOctober);
  CHECK(parse_month("2026-10", 0) == kOctober);
  CHECK(parse_month("2026-10", kEast) == kOctober - kEast);
}

TEST_CASE("calendar: what is no day, time or zone is nothing") {
  for (const char* text :
       {"", "2026", "2026-10", "2026-13-01", "2026-02-29", "2026-10-32", "2026/10/01", "26-10-01",
        "2026-10-01T", "2026-10-01T24:00", "2026-10-01T10:60", "2026-10-01T10:00+25:00",
        "2026-10-01T10:00+08:07", "2026-10-01X10:00", "2026-10-01T1000", "-026-10-01",
        "2026-10-01T10:00Z "}) {
    CAPTURE(text);
    CHECK_FALSE(parse_moment(text, 0));
  }
  CHECK(parse_moment("2028-02-29", 0));
  CHECK_FALSE(parse_month("2026-13", 0));
  CHECK_FALSE(parse_month("2026-1", 0));
  CHECK(parse_zone("-03:30") == -12'600);
  CHECK(parse_zone("+14:00"));
  CHECK_FALSE(parse_zone("+14:15"));
  CHECK_FALSE(parse_zone("08:00"));
}

TEST_CASE("calendar: hours, days and months begin where the zone says, whatever the season") {
  const int64_t time = kOctober + 30 * kDaySeconds + 17 * kHourSeconds + 1234;  // 31 October
  CHECK(month_begin(time, 0) == kOctober);
  CHECK(next_month(time, 0) == kOctober + 31 * kDaySeconds);
  CHECK(month_begin(time, kEast) == kOctober + 31 * kDaySeconds - kEast);
  CHECK(day_begin(time, 0) == kOctober + 30 * kDaySeconds);
  CHECK(day_begin(time, kEast) == kOctober + 31 * kDaySeconds - kEast);
  CHECK(hour_begin(time, 0) == kOctober + 30 * kDaySeconds + 17 * kHourSeconds);
  CHECK(hour_begin(time, 1800) == kOctober + 30 * kDaySeconds + 16 * kHourSeconds + 1800);
  CHECK(day_begin(-1, 0) == -kDaySeconds);
  CHECK(next_month(kOctober + 91 * kDaySeconds, 0) == *parse_month("2027-01", 0));
}

TEST_CASE("calendar: prints what it reads") {
  CHECK(format_month(kOctober, 0) == "2026-10");
  CHECK(format_month(kOctober - 1, 0) == "2026-09");
  CHECK(format_day(kOctober - 1, kEast) == "2026-10-01");
  CHECK(format_moment(kOctober + 300, 0) == "2026-10-01T00:05Z");
  CHECK(format_moment(kOctober, kEast) == "2026-10-01T08:00+08:00");
  CHECK(format_moment(kOctober, -12'600) == "2026-09-30T20:30-03:30");
  CHECK(parse_moment(format_moment(kOctober, -12'600), 0) == kOctober);
}
