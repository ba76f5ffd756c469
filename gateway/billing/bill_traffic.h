// Traffic hour by hour: resource packs first, what is beyond them by the month's tiers.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "gateway/billing/bill.h"
#include "gateway/billing/bill_usage.h"
#include "gateway/billing/prices.h"

namespace gateway::billing {

// What a domain's traffic of a month was paid by. Only hours of the bill's period are in it.
struct PaidTraffic {
  std::map<std::string, uint64_t> by_pack;  // bytes, by the pack's name
  std::map<size_t, uint64_t> by_tier;       // bytes, by the place of the tier
};

class TrafficBilling {
 public:
  // `from`: of the period; usage before it only wears down packs and tiers. Prices outlive it.
  TrafficBilling(const Prices& prices, int64_t from) : prices_(prices), from_(from) {}

  // Packs are shared, so everything that may use one is to be added before run().
  void add(const std::string& domain, const BilledUsage& usage);
  void run();

  // By the begin of the month.
  const std::map<int64_t, PaidTraffic>& paid(const std::string& domain) { return paid_[domain]; }
  // Bytes that counted for the tiers of the period's first month before it began.
  uint64_t before(const std::string& domain) { return before_[domain]; }
  std::vector<PackBalance> packs(int64_t to) const;

 private:
  struct Hour {
    int64_t begin = 0;
    std::string domain;
    uint64_t bytes = 0;
  };
  struct Month {
    int64_t begin = 0;
    uint64_t charged = 0;  // so far; what a pack has paid is not in it
  };
  using Balances = std::vector<PackBalance>;

  Balances& balances_of(const std::string& domain);
  uint64_t pay_by_packs(const Hour& hour);
  void pay_by_tiers(const Hour& hour, uint64_t bytes);

  const Prices& prices_;
  int64_t from_;
  std::vector<Hour> hours_;
  std::map<std::string, Balances> balances_;  // by domain; "": the shared ones
  std::map<std::string, Month> months_;
  std::map<std::string, uint64_t> before_;
  std::map<std::string, std::map<int64_t, PaidTraffic>> paid_;
};

// The first moment whose usage has a bearing on the period: the month's tiers begin there, or a
// pack that is still, or was then, in use.
int64_t bearing_from(const std::vector<Pack>& packs, int64_t from, int64_t zone);

}  // namespace gateway::billing
