// The lines of one domain's bill, and what has to be said about them.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "gateway/billing/bill.h"
#include "gateway/billing/bill_traffic.h"
#include "gateway/billing/bill_usage.h"
#include "gateway/billing/prices.h"

namespace gateway::billing {

class BillLines {
 public:
  // `end`: of the period, or of the current bucket when the period is not over; `bill` has domain,
  // mode and direction. All outlive it.
  BillLines(const Prices& prices, const BilledUsage& usage, int64_t from, int64_t end,
            DomainBill& bill);

  void traffic(const std::map<int64_t, PaidTraffic>& paid, uint64_t before);
  void peak_bandwidth();
  void p95();
  void per_million();
  // After the lines it is of; `percent` of what they charge.
  void overhead(const Decimal& percent);
  void total();

 private:
  struct Peak {
    uint64_t bytes = 0;
    int64_t bucket = 0;
    size_t recorded = 0;
  };

  BillLine& add(int64_t begin, std::string text, Decimal quantity, std::string unit,
                std::optional<Decimal> price);
  void traffic_of(int64_t month, const PaidTraffic& paid);
  void bandwidth_of(int64_t day, const Peak& peak);
  Peak peak_of(int64_t begin, int64_t end) const;
  void note_hours();

  const Prices& prices_;
  const PriceSet& set_;
  const BilledUsage& usage_;
  int64_t from_;
  int64_t end_;
  DomainBill& bill_;
};

// bytes * 8 / 300 s, in Mbit/s.
Decimal megabits_per_second(uint64_t bytes_of_bucket);

}  // namespace gateway::billing
