#include "proto/base/date_time.h"

#include <cstdint>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

using proto::DateTimeReader;

namespace {

constexpr int64_t kDay = 1'795'305'600;  // 2026-11-22T00:00:00Z

}  // namespace

TEST_CASE("date and time: parts are read one after the other") {
  DateTimeReader reader("2026-11-22 10:00:07-0330");
  CHECK(reader.date() == kDay);
  CHECK_FALSE(reader.take('T'));
  CHECK(reader.take(' '));
  CHECK(reader.clock() == 36'007);
  CHECK_FALSE(reader.at_end());
  CHECK(reader.zone() == -12'600);
  CHECK(reader.good());
  CHECK(reader.at_end());
  CHECK(DateTimeReader("10:00").clock() == 36'000);
  CHECK(DateTimeReader("Z").zone() == 0);
  CHECK(DateTimeReader("+14:59").zone() == 53'940);
  CHECK(DateTimeReader("2024-02-29").date() == 1'709'164'800);
  CHECK(DateTimeReader("1969-12-31").date() == -86'400);
}

TEST_CASE("date and time: after a fault nothing is good any more") {
  for (const std::string_view text : {"", "2026-1-22", "2026-13-01", "2026-02-29", "2026-11-31",
                                      "2026/11/22", "+026-11-22", "20 6-11-22", "-999-11-22"}) {
    CAPTURE(text);
    DateTimeReader reader(text);
    static_cast<void>(reader.date());
    CHECK_FALSE(reader.good());
    CHECK_FALSE(reader.take('T'));
    CHECK(reader.at_end());
  }
  for (const std::string_view text : {"", "24:00", "10:60", "1:00", "10", "10:00:60", "10:00:"}) {
    CAPTURE(text);
    DateTimeReader reader(text);
    static_cast<void>(reader.clock());
    CHECK_FALSE(reader.good());
  }
  for (const std::string_view text : {"", "08:00", "+8:00", "+15:00", "-08:60", "+08:", "z"}) {
    CAPTURE(text);
    DateTimeReader reader(text);
    static_cast<void>(reader.zone());
    CHECK_FALSE(reader.good());
  }
}

TEST_CASE("date and time: are written with all their digits") {
  CHECK(proto::format_date(kDay) == "2026-11-22");
  CHECK(proto::format_date(kDay - 1) == "2026-11-21");
  CHECK(proto::format_date(-1) == "1969-12-31");
  CHECK(proto::format_clock(0) == "00:00:00");
  CHECK(proto::format_clock(86'399) == "23:59:59");
}
