#include "gateway/usage/answers/time_text.h"

#include <doctest/doctest.h>

using gateway::usage::answers::format_time;
using gateway::usage::answers::parse_time;

TEST_CASE("times: every form that is taken") {
  constexpr int64_t kTen = 1'795'341'600;
  const std::pair<const char*, int64_t> forms[] = {
      {"2026-11-22", kTen - 36'000},
      {"2026-11-22T10:00:00Z", kTen},
      {"2026-11-22T10:00Z", kTen},
      {"2026-11-22 10:00", kTen},
      {"2026-11-22T10:00", kTen},
      {"2026-11-22T18:00+08:00", kTen},
      {"2026-11-22T18:00:07+0800", kTen + 7},
      {"2026-11-22T04:30-05:30", kTen},
      {"2026-11-23T00:00+14:00", kTen},
      {"@1795341600", kTen},
      {"@0", 0},
      {"1970-01-01", 0},
      {"2024-02-29", 1'709'164'800},
  };
  for (const auto& [text, seconds] : forms) {
    CAPTURE(text);
    const auto time = parse_time(text);
    REQUIRE(time.has_value());
    CHECK(*time == seconds);
  }
}

TEST_CASE("times: anything else is refused with what is allowed") {
  for (const char* text : {"",
                           "now",
                           "2026",
                           "2026-13-01",
                           "2026-02-29",
                           "2026-11-31",
                           "2026-11-22T",
                           "2026-1-2",
                           "2026-11-22T24:00",
                           "2026-11-22T10:60",
                           "2026-11-22T10:00:60Z",
                           "2026-11-22T10",
                           "2026-11-22T10:00+15:00",
                           "2026-11-22T10:00+08:60",
                           "2026-11-22T10:00Zz",
                           "2026-11-22x10:00",
                           "2026-11-22 10:00 ",
                           "@",
                           "@-1",
                           "@1x",
                           "@99999999999999999999",
                           "1969-12-31",
                           "1970-01-01T00:00+01:00",
                           "+026-11-22",
                           "20 6-11-22"}) {
    CAPTURE(text);
    const auto time = parse_time(text);
    REQUIRE_FALSE(time.has_value());
    CHECK(time.error().starts_with("'" + std::string(text) + "' is no time: write 2026-11-22"));
  }
}

TEST_CASE("times: are written in UTC, to the second, and read back") {
  CHECK(format_time(1'795'341'600) == "2026-11-22T10:00:00Z");
  CHECK(format_time(0) == "1970-01-01T00:00:00Z");
  for (const int64_t time : {int64_t{951'782'400}, int64_t{4'102'444'799}})
    CHECK(*parse_time(format_time(time)) == time);
}
