#include "gateway/config/units.h"

#include <doctest/doctest.h>

#include "tests/gateway/config/reading.h"

using namespace gateway::config;
using namespace std::chrono_literals;

TEST_CASE("units: a bare number is seconds, and five units are known") {
  CHECK(*parse_duration("60") == 60s);
  CHECK(*parse_duration("250ms") == 250ms);
  CHECK(*parse_duration("60s") == 60s);
  CHECK(*parse_duration("5m") == 5min);
  CHECK(*parse_duration("4h") == 4h);
  CHECK(*parse_duration("30d") == 720h);
  CHECK(*parse_duration("0") == 0s);
  CHECK(*parse_duration("-1") == -1s);
  CHECK(*parse_duration("-250ms") == -250ms);
}

TEST_CASE("units: what is not a time is refused") {
  for (const char* text : {"", "-", "s", "60 s", " 60", "60S", "60sec", "1h30m", "+5", "0x10",
                           "1e3", "--1", "60ss", "5min", "٣s", "1_000"}) {
    CAPTURE(text);
    auto time = parse_duration(text);
    REQUIRE_FALSE(time.has_value());
    CHECK(tests::contains(time.error(), "is not a time"));
  }
}

TEST_CASE("units: a fraction is refused with the way to write it") {
  for (const char* text : {"1.5s", "0.5", "1,5s", "-1.5s"}) {
    CAPTURE(text);
    REQUIRE_FALSE(parse_duration(text).has_value());
    CHECK(tests::contains(parse_duration(text).error(), "1500ms"));
  }
  CHECK(tests::contains(parse_size("1.5MiB").error(), "1536KiB"));
}

TEST_CASE("units: a value that does not fit is refused, never wrapped") {
  for (const char* text : {"9223372036854775808ms", "9223372036854775807s", "106751991168d",
                           "99999999999999999999999999999"}) {
    CAPTURE(text);
    REQUIRE_FALSE(parse_duration(text).has_value());
    CHECK(tests::contains(parse_duration(text).error(), "too long"));
  }
  CHECK(parse_duration("9223372036854775807ms").has_value());
  CHECK_FALSE(parse_size("9007199254740993GiB").has_value());
}

TEST_CASE("units: sizes are bytes or binary units") {
  CHECK(*parse_size("65536") == 65536);
  CHECK(*parse_size("64KiB") == 65536);
  CHECK(*parse_size("1MiB") == 1048576);
  CHECK(*parse_size("2GiB") == 2147483648);
  CHECK(*parse_size("1TiB") == 1099511627776);
  for (const char* text : {"", "KiB", "16KB", "16kib", "16k", "-1", "64 KiB", "64B"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_size(text).has_value());
  }
}

TEST_CASE("units: traffic is bytes or decimal units") {
  CHECK(*parse_traffic("500GB") == 500'000'000'000);
  CHECK(*parse_traffic("2TB") == 2'000'000'000'000);
  CHECK(*parse_traffic("250MB") == 250'000'000);
  CHECK(*parse_traffic("1PB") == 1'000'000'000'000'000);
  CHECK(*parse_traffic("1000001") == 1'000'001);
  for (const char* text : {"", "GB", "500GiB", "500gb", "500G", "-1", "500 GB", "1e9", "5KB"}) {
    CAPTURE(text);
    REQUIRE_FALSE(parse_traffic(text).has_value());
    CHECK(tests::contains(parse_traffic(text).error(), "1GB is 1000000000 bytes"));
  }
  CHECK(tests::contains(parse_traffic("1.5TB").error(), "such as 1500GB"));
  CHECK(tests::contains(parse_traffic("9224PB").error(), "too large"));
  CHECK(tests::contains(parse_traffic("99999999999999999999").error(), "too large"));
  CHECK(format_traffic(500'000'000'000) == "500GB");
  CHECK(format_traffic(1'500'000'000'000) == "1500GB");
  for (uint64_t bytes : {uint64_t{0}, uint64_t{1}, uint64_t{1'000'001}, uint64_t{1} << 40}) {
    CHECK(*parse_traffic(format_traffic(bytes)) == bytes);
  }
}

TEST_CASE("units: shares are percent, with or without the sign") {
  CHECK(*parse_percent("10%") == 10);
  CHECK(*parse_percent("10") == 10);
  CHECK(*parse_percent("2.5%") == 2.5);
  for (const char* text : {"", "%", "10%%", "-1%", "inf", "nan", "1e1", "1.2.3", "10 %", "."}) {
    CAPTURE(text);
    CHECK_FALSE(parse_percent(text).has_value());
  }
}

TEST_CASE("units: what is formatted parses back to the same value") {
  for (auto time : {0ms, 1ms, 999ms, 1000ms, 1500ms, 60000ms, 90000ms, 120000ms, 3600000ms,
                    86400000ms, 2592000000ms}) {
    CAPTURE(format_duration(time));
    CHECK(*parse_duration(format_duration(time)) == time);
  }
  CHECK(format_duration(60s) == "60s");
  CHECK(format_duration(90s) == "90s");
  CHECK(format_duration(5min) == "5m");
  CHECK(format_duration(720h) == "30d");
  CHECK(format_duration(-1s) == "-1s");
  for (uint64_t size :
       {uint64_t{0}, uint64_t{1}, uint64_t{1025}, uint64_t{16384}, uint64_t{1} << 40}) {
    CHECK(*parse_size(format_size(size)) == size);
  }
  CHECK(format_size(16384) == "16KiB");
  CHECK(format_percent(10) == "10%");
  CHECK(*parse_percent(format_percent(0.1)) == 0.1);
}
