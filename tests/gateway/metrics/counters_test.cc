#include "gateway/metrics/counters.h"

#include <doctest/doctest.h>

using namespace gateway::metrics;

TEST_CASE("counters: a gauge comes back to nothing") {
  Count count;
  count.add(3);
  count.subtract(2);
  CHECK(count.value() == 1);
  count.subtract(1);
  CHECK(count.value() == 0);
}

TEST_CASE("counters: every status has a slot, and those without a name share the last") {
  for (size_t slot = 0; slot + 1 < kStatuses.size(); ++slot) {
    CHECK(status_slot(kStatuses[slot]) == slot);
  }
  CHECK(status_slot(418) == kStatuses.size() - 1);
  CHECK(status_slot(0) == kStatuses.size() - 1);
  CHECK(status_slot(-1) == kStatuses.size() - 1);
}

TEST_CASE("counters: every close code has a slot, and what is never on the wire is none") {
  CHECK(close_slot_name(close_slot(1000)) == "1000");
  CHECK(close_slot_name(close_slot(1001)) == "1001");
  CHECK(close_slot_name(close_slot(1014)) == "1014");
  CHECK(close_slot_name(close_slot(3000)) == "3xxx");
  CHECK(close_slot_name(close_slot(3999)) == "3xxx");
  CHECK(close_slot_name(close_slot(4000)) == "4xxx");
  CHECK(close_slot_name(close_slot(4999)) == "4xxx");
  for (const int code : {0, 999, 1005, 1006, 1015, 2999, 5000, 65535}) {
    CAPTURE(code);
    CHECK(close_slot_name(close_slot(static_cast<uint16_t>(code))) == "none");
  }
}

TEST_CASE("counters: a histogram counts a value at its bound below it") {
  Histogram<2> histogram;
  constexpr std::array<double, 2> kBounds{1, 10};
  for (const uint64_t milliseconds : {0, 1000, 1001, 10'000, 10'001}) {
    histogram.observe(kBounds, milliseconds);
  }
  CHECK(histogram.buckets[0].value() == 2);
  CHECK(histogram.buckets[1].value() == 2);
  CHECK(histogram.buckets[2].value() == 1);
  CHECK(histogram.sum_milliseconds.value() == 22'002);
}

TEST_CASE("counters: the registry hands out one block for each worker, and the same again") {
  Registry registry(3);
  const std::vector<Domain*> first = registry.domain("chat.example.com");
  REQUIRE(first.size() == 3);
  CHECK(first[0] != first[1]);
  CHECK(registry.domain("chat.example.com") == first);
  CHECK(registry.domain("_unmatched") != first);
  CHECK(registry.listener("public") == registry.listener("public"));
}

TEST_CASE("counters: a domain has so many names of origins, and one for all the others") {
  Registry registry(2);
  const auto name = [](size_t number) { return "10.0.0." + std::to_string(number); };
  const std::vector<Origin*> first = registry.origin("chat.example.com", name(0));
  CHECK(first[0] != first[1]);
  for (size_t i = 1; i < Registry::kMostOrigins; ++i) {
    CHECK(registry.origin("chat.example.com", name(i)) != first);
  }
  const std::vector<Origin*> beyond = registry.origin("chat.example.com", "late.example.com");
  CHECK(beyond == registry.origin("chat.example.com", Registry::kOtherOrigin));
  CHECK(registry.origin("chat.example.com", "later.example.com") == beyond);
  CHECK(registry.origin("chat.example.com", name(0)) == first);
  CHECK(registry.origin("live.example.com", "late.example.com") != beyond);
}

TEST_CASE(
    "counters: sparse counts have memory from the first that is added to, and are read before") {
  SparseCounts<5> counts;
  const SparseCounts<5>& read = counts;
  for (size_t slot = 0; slot < 5; ++slot) CHECK(read[slot].value() == 0);
  counts[3].add(2);
  counts[3].add(1);
  CHECK(read[3].value() == 3);
  CHECK(read[2].value() == 0);
  CHECK(sizeof(counts) == sizeof(void*));
}
