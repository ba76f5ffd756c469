#include "gateway/billing/prices.h"

#include <limits>

#include "tests/gateway/billing/billing.h"

using namespace gateway::billing;
using namespace gateway::usage;
using namespace tests;

TEST_CASE("prices: tiers are named by their ends, and bandwidth is compared by bucket") {
  const Prices prices = prices_of(
      "traffic: { tiers: [{ up_to: 500MB, price: 3 }, { up_to: 10TB, price: 2 }, { price: 1 }] }\n"
      "peak_bandwidth: { tiers: [{ up_to: 1500Mbps, price: 2 }, { price: 1 }] }\n");
  CHECK(prices.common.traffic[0].name == "up to 500 MB");
  CHECK(prices.common.traffic[1].name == "up to 10 TB");
  CHECK(prices.common.traffic[2].name == "above 10 TB");
  CHECK(prices.common.peak_bandwidth[0].name == "up to 1500 Mbit/s");
  CHECK(prices.common.peak_bandwidth[0].up_to == 56'250'000'000);
}

TEST_CASE("prices: a domain has its own, or the common ones") {
  const Prices prices =
      prices_of("p95: { price: 1 }\ndomains: { a.test: { p95: { price: 2 } } }\n");
  CHECK(prices.of("a.test").p95 == Decimal(2));
  CHECK(prices.of("b.test").p95 == Decimal(1));
}

TEST_CASE("prices: graduated parts add up, whatever has been used before") {
  const Tiers tiers = {{10, "", {}}, {20, "", {}}, {std::nullopt, "", {}}};
  for (const uint64_t before : {0, 9, 10, 11, 20, 21}) {
    for (const uint64_t quantity : {0, 1, 10, 11, 30}) {
      uint64_t sum = 0;
      for (const Share& share : graduated(tiers, before, quantity)) {
        CHECK(share.quantity > 0);
        sum += share.quantity;
      }
      CHECK(sum == quantity);
    }
  }
  CHECK(graduated(tiers, 5, 6)[0].quantity == 5);
  CHECK(graduated(tiers, 5, 6)[1].quantity == 1);
  CHECK(graduated(tiers, 0, std::numeric_limits<uint64_t>::max()).size() == 3);
}

TEST_CASE("prices: exactly the end of a tier still belongs to it") {
  const Tiers tiers = {{10, "", {}}, {std::nullopt, "", {}}};
  CHECK(reached(tiers, 0).tier == 0);
  CHECK(reached(tiers, 10).tier == 0);
  CHECK(reached(tiers, 11).tier == 1);
}
