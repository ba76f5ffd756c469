#include "gateway/outcome/exchange_end.h"

#include <set>
#include <string>

#include <doctest/doctest.h>

using namespace gateway::outcome;

TEST_CASE("exchange end: stages, sticky choices and reasons of retries have names of their own") {
  std::set<std::string_view> names;
  for (size_t i = 0; i < 3; ++i) names.insert(to_string(static_cast<ExchangeStage>(i)));
  for (size_t i = 0; i < kStickies; ++i) names.insert(to_string(static_cast<Sticky>(i)));
  for (size_t i = 0; i < kRetryWhys; ++i) names.insert(to_string(static_cast<RetryWhy>(i)));
  CHECK(names.size() == 3 + kStickies + kRetryWhys);
  CHECK(to_string(ExchangeStage::streaming) == "streaming");
  CHECK(to_string(Sticky::made) == "new");
  CHECK(to_string(Sticky::learned) == "learned");
  CHECK(to_string(RetryWhy::no_answer) == "no_answer");
  CHECK(to_string(RetryWhy::answered_504) == "504");
}

TEST_CASE("exchange end: one without a cause is done") {
  CHECK(to_string(ExchangeEnd{}.cause) == "done");
  CHECK(to_string(ExchangeEnd{.cause = Cause::origin_abort}.cause) == "origin_abort");
}
