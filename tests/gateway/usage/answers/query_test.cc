#include "gateway/usage/answers/query.h"

#include <algorithm>
#include <numeric>

#include <doctest/doctest.h>

#include "tests/gateway/usage/answers/made_rows.h"

using namespace tests;
using namespace gateway::usage;
using namespace gateway::usage::answers;
using gateway::config::DomainUsage;

namespace {

std::vector<Series> answer(MadeRows& rows, const Question& question) {
  auto series = ask(rows, question);
  REQUIRE_MESSAGE(series.has_value(), (series ? "" : series.error()));
  return std::move(*series);
}

}  // namespace

TEST_CASE("query: rows of several nodes and boots are one sum, in the interval of their bucket") {
  MadeRows rows;
  for (const char* node : {"n1", "n2"}) {
    for (const char* boot : {"b1", "b2"}) {
      auto& totals = rows.add("a", kTen + 600, boot, node);
      totals[Field::client_bytes_out] = 10;
      totals.answers[0] = 1;
      totals.closed[3] = 2;
    }
  }
  rows.add_bytes("a", kTen + 3600, 7);
  const auto series = answer(rows, question_of(kTen, kTen + 7200, 3600));
  REQUIRE(series.size() == 1);
  CHECK(series[0].domain == "a");
  REQUIRE(series[0].intervals.size() == 2);
  CHECK(series[0].intervals[0].begin == kTen);
  CHECK(series[0].intervals[0].totals[Field::client_bytes_out] == 40);
  CHECK(series[0].intervals[0].totals.answers[0] == 4);
  CHECK(series[0].intervals[1].totals[Field::client_bytes_out] == 7);
  CHECK(series[0].total[Field::client_bytes_out] == 47);
  CHECK(series[0].total.closed[3] == 8);
}

TEST_CASE("query: intervals without usage are there, and the last may be shorter") {
  MadeRows rows;
  rows.add_bytes("a", kTen + 3900, 1);
  const auto series = answer(rows, question_of(kTen, kTen + 4200, 3600));
  REQUIRE(series[0].intervals.size() == 2);
  CHECK(series[0].intervals[0].totals == Totals());
  CHECK(series[0].intervals[1].begin == kTen + 3600);
  CHECK(series[0].intervals[1].totals[Field::client_bytes_out] == 1);
}

TEST_CASE("query: only what begins in [from, to)") {
  MadeRows rows;
  rows.add_bytes("a", kTen - 300, 1);
  rows.add_bytes("a", kTen, 2);
  rows.add_bytes("a", kTen + 300, 4);
  rows.add_bytes("a", kTen + 600, 8);
  CHECK(answer(rows, question_of(kTen, kTen + 600))[0].total[Field::client_bytes_out] == 6);
}

TEST_CASE("query: a domain that was asked for is answered, also without a row; others are not") {
  MadeRows rows;
  rows.add_bytes("a", kTen, 1);
  rows.add_bytes("b", kTen, 2);
  Question question = question_of(kTen, kTen + 300);
  question.domains = {"b", "c"};
  const auto series = answer(rows, question);
  REQUIRE(series.size() == 2);
  CHECK(series[0].domain == "b");
  CHECK(series[0].total[Field::client_bytes_out] == 2);
  CHECK(series[1].domain == "c");
  CHECK(series[1].intervals.size() == 1);
}

TEST_CASE("query: merged is one series, whose peak is that of the sum") {
  MadeRows rows;
  rows.add_bytes("a", kTen, 300);
  rows.add_bytes("a", kTen + 300, 200);
  rows.add_bytes("b", kTen + 300, 200);
  Question question = question_of(kTen, kTen + 600);
  question.merged = true;
  const auto series = answer(rows, question);
  REQUIRE(series.size() == 1);
  CHECK(series[0].domain == "*");
  CHECK(series[0].total[Field::client_bytes_out] == 700);
  CHECK(series[0].peak_out.bits_per_second == 400.0 * 8 / 300);
  CHECK(series[0].peak_out.bucket == kTen + 300);
  MadeRows nothing;
  CHECK(answer(nothing, question)[0].intervals.size() == 2);
}

TEST_CASE("query: bandwidth is of 5-minute buckets, whatever the interval") {
  MadeRows rows;
  rows.add_bytes("a", kTen, 300, 3000);
  rows.add_bytes("a", kTen + 1200, 600, 30);
  const auto series = answer(rows, question_of(kTen, kTen + 7200, 3600));
  CHECK(series[0].peak_out.bits_per_second == 16);
  CHECK(series[0].peak_out.bucket == kTen + 1200);
  CHECK(series[0].peak_in.bits_per_second == 80);
  CHECK(series[0].peak_in.bucket == kTen);
  CHECK(series[0].intervals[0].peak_out == 16);
  CHECK(series[0].intervals[0].peak_in == 80);
  CHECK(series[0].intervals[1].peak_out == 0);
}

TEST_CASE("query: the 95th percentile is the nearest rank, and empty buckets count") {
  std::vector<uint64_t> samples(100);
  std::iota(samples.begin(), samples.end(), 1);
  CHECK(percentile_95(samples, 100) == 95);
  CHECK(percentile_95({3, 1, 2}, 3) == 3);
  CHECK(percentile_95({}, 0) == 0);
  CHECK(percentile_95({}, 10) == 0);
  samples.resize(20);
  CHECK(percentile_95(samples, 20) == 19);
  samples.push_back(21);
  CHECK(percentile_95(samples, 21) == 20);
  CHECK(percentile_95({7}, 20) == 0);
  CHECK(percentile_95({7}, 19) == 7);
  CHECK(percentile_95({7, 5}, 21) == 5);

  MadeRows rows;  // 20 buckets, of which one has usage: 95 % of them are empty
  rows.add_bytes("a", kTen + 300, 300);
  CHECK(answer(rows, question_of(kTen, kTen + 6000))[0].p95_out == 0);
  CHECK(answer(rows, question_of(kTen, kTen + 5700))[0].p95_out == 8);
  rows.add_bytes("a", kTen + 900, 600, 75);
  const auto series = answer(rows, question_of(kTen, kTen + 6000));
  CHECK(series[0].p95_out == 8);
  CHECK(series[0].p95_in == 0);
}

TEST_CASE("query: a percentile is the value that sorting all buckets of the range puts there") {
  MadeRows rows;
  std::vector<double> all;
  for (uint64_t i = 0; i < 288; ++i) {
    const uint64_t bytes = i * 7919 % 101 < 40 ? 0 : i * 7919 % 1009;
    all.push_back(static_cast<double>(bytes) * 8 / 300);
    if (bytes > 0) rows.add_bytes("a", kTen + static_cast<int64_t>(i) * 300, bytes);
  }
  std::sort(all.begin(), all.end());
  CHECK(answer(rows, question_of(kTen, kTen + 86'400, 86'400))[0].p95_out == all[273]);
}

TEST_CASE("query: what is billed follows the direction of each domain, also when merged") {
  Tariffs tariffs;
  tariffs.domains["out"] = {};
  tariffs.domains["both"].direction = DomainUsage::Direction::both;
  MadeRows rows;
  rows.add_bytes("out", kTen, 300, 3);
  rows.add_bytes("both", kTen, 600, 600);
  rows.add_bytes("gone", kTen + 300, 30, 5);
  Question question = question_of(kTen, kTen + 600, 600);
  question.tariffs = &tariffs;
  auto series = answer(rows, question);
  REQUIRE(series.size() == 3);
  CHECK(series[0].billed == 1200);
  CHECK(series[0].peak_billed.bits_per_second == 32);
  CHECK(series[1].billed == 30);
  CHECK(series[2].billed == 300);
  question.merged = true;
  series = answer(rows, question);
  CHECK(series[0].billed == 1530);
  CHECK(series[0].intervals[0].billed == 1530);
  CHECK(series[0].peak_billed.bits_per_second == 40);
  CHECK(series[0].intervals[0].peak_billed == 40);
  CHECK(series[0].total[Field::client_bytes_out] == 930);
}

TEST_CASE("FY26 query: what was not delivered is billed, unless the domain deducts it") {
  Tariffs tariffs;
  tariffs.domains["a"].deduct_undelivered = true;
  tariffs.domains["a"].overhead_percent = 10;
  tariffs.domains["b"] = {};
  MadeRows rows;
  for (const char* domain : {"a", "b"}) {
    rows.add_bytes(domain, kTen, 1000);
    rows.rows.back().totals[Field::client_undelivered_out] = 400;
  }
  Question question = question_of(kTen, kTen + 300);
  question.tariffs = &tariffs;
  auto series = answer(rows, question);
  CHECK(series[0].billed == 600);
  CHECK(series[0].peak_billed.bits_per_second == 16);
  CHECK(series[0].overhead == 60);
  CHECK(series[0].total[Field::client_bytes_out] == 1000);
  CHECK(series[0].total[Field::client_undelivered_out] == 400);
  CHECK(series[1].billed == 1000);
  question.merged = true;
  CHECK(answer(rows, question)[0].billed == 1600);
}

TEST_CASE("FY26 query: what is more than a bucket has is deducted from its neighbours") {
  Tariffs tariffs;
  tariffs.domains["a"].deduct_undelivered = true;
  MadeRows rows;
  const auto billed = [&](uint64_t undelivered) {
    rows.rows.clear();
    rows.add_bytes("a", kTen, 1000);
    rows.add_bytes("a", kTen + 300, 100);
    rows.rows.back().totals[Field::client_undelivered_out] = undelivered;
    rows.add_bytes("a", kTen + 600, 250);
    rows.add_bytes("b", kTen + 600, 1);
    Question question = question_of(kTen, kTen + 900);
    question.tariffs = &tariffs;
    const auto series = answer(rows, question);
    question.merged = true;
    CHECK(answer(rows, question)[0].billed == series[0].billed + 1);
    std::vector<uint64_t> each;
    for (const auto& interval : series[0].intervals) each.push_back(interval.billed);
    return each;
  };
  using Each = std::vector<uint64_t>;
  CHECK(billed(0) == Each{1000, 100, 250});
  CHECK(billed(100) == Each{1000, 0, 250});
  CHECK(billed(400) == Each{700, 0, 250});
  CHECK(billed(1200) == Each{0, 0, 150});
  CHECK(billed(5000) == Each{0, 0, 0});
}

TEST_CASE("query: the overhead is a figure of its own, exact also where a double is not") {
  Tariffs tariffs;
  tariffs.domains["a"].overhead_percent = 10;
  tariffs.domains["b"].overhead_percent = 7.5;
  tariffs.domains["c"] = {};
  MadeRows rows;
  rows.add_bytes("a", kTen, 1'000'000'000'000'000'005);
  rows.add_bytes("b", kTen, 1000);
  rows.add_bytes("c", kTen, 1000);
  Question question = question_of(kTen, kTen + 300);
  question.tariffs = &tariffs;
  auto series = answer(rows, question);
  CHECK(series[0].overhead == 100'000'000'000'000'001);
  CHECK(series[0].billed == 1'000'000'000'000'000'005);
  CHECK(series[1].overhead == 75);
  CHECK(series[2].overhead == 0);
  question.merged = true;
  CHECK(answer(rows, question)[0].overhead == 100'000'000'000'000'076);
}

TEST_CASE("query: a range that is none is refused in words") {
  MadeRows rows;
  const Question wrong[] = {question_of(kTen, kTen),
                            question_of(kTen + 300, kTen),
                            question_of(kTen + 1, kTen + 301),
                            question_of(kTen, kTen + 301),
                            question_of(kTen, kTen + 300, 0),
                            question_of(kTen, kTen + 300, 60),
                            question_of(kTen, kTen + 300, -300)};
  for (const Question& question : wrong) {
    const auto series = ask(rows, question);
    REQUIRE_FALSE(series.has_value());
    CHECK_FALSE(series.error().empty());
  }
  CHECK(rows.reads == 0);
}

TEST_CASE("query: what would not fit into memory is refused, and says how to ask") {
  MadeRows rows;
  for (int i = 0; i < 40; ++i) rows.add_bytes("d" + std::to_string(i), kTen, 1);
  Question question = question_of(kTen, kTen + int64_t{31} * 86'400);
  const auto series = ask(rows, question);
  REQUIRE_FALSE(series.has_value());
  CHECK(series.error().find("merged") != std::string::npos);
  question.merged = true;
  CHECK(answer(rows, question)[0].total[Field::client_bytes_out] == 40);
}

TEST_CASE("query: whoever has waited too long gives up between two stretches of reading") {
  MadeRows rows;
  rows.add_bytes("a", kTen, 1);
  rows.add_bytes("a", kTen + 86'100, 2);
  Question question = question_of(kTen, kTen + 86'400);
  question.give_up = [] { return false; };
  CHECK(answer(rows, question)[0].total[Field::client_bytes_out] == 3);
  CHECK(rows.reads == 4);
  question.give_up = [&rows] { return rows.reads >= 6; };
  CHECK_FALSE(ask(rows, question).has_value());
  CHECK(rows.reads == 6);
}

TEST_CASE("query: whoever reads the rows may be told to stop, too") {
  struct Endless final : Rows {
    std::string read(const Selection& selection,
                     const std::function<void(const Row&)>& /*each*/) override {
      Patience patience(selection.give_up);
      while (!patience.is_over()) ++steps;
      return kGivenUp;
    }
    size_t steps = 0;
  } rows;
  Question question = question_of(kTen, kTen + 300);
  int asked = 0;
  question.give_up = [&asked] { return ++asked == 4; };
  CHECK(ask(rows, question).error() == kGivenUp);
  CHECK(rows.steps + 1 == 3 * kLookUp);
}

TEST_CASE("query: what the rows cannot say is the error") {
  MadeRows rows;
  rows.trouble = "disk I/O error";
  CHECK(ask(rows, question_of(kTen, kTen + 300)).error() == "disk I/O error");
  CHECK(holdings(rows).error() == "disk I/O error");
}

TEST_CASE("query: holdings are the domains and the range that there is") {
  MadeRows rows;
  CHECK_FALSE(holdings(rows)->range.has_value());
  rows.add_bytes("b", kTen + 300, 1);
  rows.add_bytes("a", kTen + 900, 1);
  rows.add_bytes("b", kTen + 900, 1);
  const auto held = holdings(rows);
  CHECK(held->domains == std::vector<std::string>{"a", "b"});
  CHECK(held->range->first == kTen + 300);
  CHECK(held->range->last == kTen + 900);
}
