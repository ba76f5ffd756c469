#include "gateway/metrics/families.h"

#include <array>
#include <cmath>
#include <limits>
#include <string>

#include <doctest/doctest.h>

#include "tests/gateway/metrics/prometheus_judge.h"

using namespace gateway::metrics;
using tests::PrometheusJudge;

namespace {

// As prometheus-cpp writes it.
void check_text(const Family& family, size_t lines) {
  const std::string text(family.text());
  CAPTURE(text);
  const PrometheusJudge judge(text);
  CHECK(judge.lines() == lines);
  CHECK(text == judge.text());
}

}  // namespace

TEST_CASE("families: a counter and a gauge are the text of prometheus-cpp") {
  Family bytes = counter("weir_bytes_total", "Bytes: all of them.");
  bytes.add({}, uint64_t{0});
  bytes.add({{"domain", "chat.example.com"}}, uint64_t{123'456'789'012});
  bytes.add({{"domain", "chat.example.com"}, {"side", "client"}}, 1.0);
  CHECK(bytes.text() ==
        "# HELP weir_bytes_total Bytes: all of them.\n"
        "# TYPE weir_bytes_total counter\n"
        "weir_bytes_total 0\n"
        "weir_bytes_total{domain=\"chat.example.com\"} 123456789012\n"
        "weir_bytes_total{domain=\"chat.example.com\",side=\"client\"} 1\n");
  check_text(bytes, 3);

  Family lag = gauge("weir_lag_seconds", "Lag.");
  for (const double value : {0.0, 0.1, 0.3, 1e-7, 2.5, 1'700'000'000.5, 1e15, 123456.789e12, 1e16,
                             1.0 / 3, -2.5, 5e-324})
    lag.add({}, value);
  check_text(lag, 12);
}

TEST_CASE("families: what is no number is written as prometheus-cpp does") {
  Family odd = gauge("odd", "Odd.");
  odd.add({}, std::nan(""));
  odd.add({}, std::numeric_limits<double>::infinity());
  odd.add({}, -std::numeric_limits<double>::infinity());
  check_text(odd, 3);
}

TEST_CASE("families: a label's value is escaped") {
  Family build = gauge("build", "Build.");
  for (const char* value : {"a\"b\\c\nd", "\\", "\n\n", "", "\"", "end\\"})
    build.add({{"version", value}, {"commit", "x"}}, 1.0);
  CHECK(build.text().find(R"(build{version="a\"b\\c\nd",commit="x"} 1)") != std::string_view::npos);
  check_text(build, 6);
}

TEST_CASE("families: a histogram is cumulative, with its count and sum") {
  constexpr std::array<double, 3> kBounds{0.001, 0.5, 30};
  Family times = histogram("turn_seconds", "Turns.");
  times.add_histogram(kBounds, std::array<uint64_t, 4>{5, 2, 0, 1}, 60.003);
  times.add_histogram({{"worker", "1"}}, kBounds, std::array<uint64_t, 4>{}, 0);
  CHECK(times.text().find("turn_seconds_count 8\nturn_seconds_sum 60.003\n"
                          "turn_seconds_bucket{le=\"0.001\"} 5\n"
                          "turn_seconds_bucket{le=\"0.5\"} 7\n"
                          "turn_seconds_bucket{le=\"30\"} 7\n"
                          "turn_seconds_bucket{le=\"+Inf\"} 8\n") != std::string_view::npos);
  check_text(times, 12);
}

TEST_CASE("families: a count is exact where a double is not") {
  Family bytes = counter("bytes_total", "Bytes.");
  bytes.add({}, std::numeric_limits<uint64_t>::max());
  CHECK(bytes.text().ends_with("bytes_total 18446744073709551615\n"));
}

TEST_CASE("families: one without a line is no text, and a page is its families in their order") {
  Family none = counter("none_total", "Nothing.");
  none.add_if({}, 0);
  CHECK(none.text().empty());
  Family some = counter("some_total", "Something.");
  some.add_if({{"a", "b"}}, 2);
  Page page;
  page.add(some);
  page.add(none);
  page.add_gauge("up", "Up.", 1);
  CHECK(page.take() ==
        "# HELP some_total Something.\n# TYPE some_total counter\nsome_total{a=\"b\"} 2\n"
        "# HELP up Up.\n# TYPE up gauge\nup 1\n");
}
