#include "gateway/origin/retry_budget.h"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using gateway::origin::RetryBudget;

namespace {

int take_all(RetryBudget& budget, double percent, std::chrono::milliseconds now) {
  int taken = 0;
  while (taken < 100'000 && budget.take_retry(percent, now)) ++taken;
  return taken;
}

}  // namespace

TEST_CASE("retry budget: a share of the requests of the last ten seconds, and a floor") {
  RetryBudget budget;
  for (int i = 0; i < 1'000; ++i) budget.count_request(5'000s + std::chrono::milliseconds(i * 10));
  CHECK(take_all(budget, 20, 5'009s) == 200 + 10);
  CHECK_FALSE(budget.take_retry(20, 5'009s));
}

TEST_CASE("retry budget: a quiet node can still retry, about once a second") {
  RetryBudget budget;
  budget.count_request(10s);
  CHECK(take_all(budget, 20, 10s) == 10);
  int taken = 0;
  for (int second = 11; second < 111; ++second)
    taken += take_all(budget, 20, std::chrono::seconds(second));
  CHECK(taken == 100);
}

TEST_CASE("retry budget: 0 % is none, 100 % doubles at most") {
  RetryBudget budget;
  for (int i = 0; i < 500; ++i) budget.count_request(50s);
  CHECK(take_all(budget, 0, 50s) == 0);
  CHECK(take_all(budget, 100, 50s) == 510);
}

TEST_CASE("retry budget: in a storm retries stay at their share of the requests") {
  RetryBudget budget;
  int retries = 0;
  for (int i = 0; i < 60'000; ++i) {
    const auto now = 100s + std::chrono::milliseconds(i);
    budget.count_request(now);
    for (int attempt = 0; attempt < 3; ++attempt) retries += budget.take_retry(20, now) ? 1 : 0;
  }
  CHECK(retries > 11'000);
  CHECK(retries < 12'600);
}

TEST_CASE("retry budget: what is older than the window is forgotten, however long the pause") {
  RetryBudget budget;
  for (int i = 0; i < 1'000; ++i) budget.count_request(100s);
  CHECK(take_all(budget, 50, 109s) == 510);
  CHECK(take_all(budget, 50, 110s) == 0);
  CHECK(take_all(budget, 50, 119s) == 10);
  CHECK(take_all(budget, 50, 10'000s) == 10);
}
