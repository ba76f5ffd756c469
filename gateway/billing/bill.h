// What recorded usage costs by a price file. A bill says what it rests on: hours without rows,
// buckets that are still open, a period that is not over.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/billing/decimal.h"
#include "gateway/billing/prices.h"
#include "gateway/config/document.h"
#include "gateway/usage/answers/report.h"
#include "gateway/usage/rows.h"
#include "proto/base/result.h"

namespace gateway::billing {

enum class BillMode : uint8_t { traffic, peak_bandwidth, p95 };
std::string_view to_string(BillMode mode);
std::optional<BillMode> bill_mode(std::string_view name);

struct BillRequest {
  std::vector<std::string> domains;  // labels; empty: the configured ones and those with rows
  int64_t from = 0;                  // Unix seconds: whole hours, days or months, as the mode wants
  int64_t to = 0;
  int64_t now = 0;
  std::optional<BillMode> mode;                           // nothing: of each domain's configuration
  std::map<std::string, config::DomainUsage> configured;  // by label
};

// Rounded once, here; the total is the sum of the rounded amounts, so that it adds up on paper.
struct BillLine {
  int64_t begin = 0;  // of the month or day that it is of
  std::string text;   // "traffic 2026-10, up to 10 TB"
  Decimal quantity;
  std::string unit;              // "GB"
  std::optional<Decimal> price;  // of one unit; nothing: the line is shown and costs nothing
  Decimal exact;
  Decimal amount;  // exact, rounded half to even to the currency's digits
};

struct DomainBill {
  std::string domain;
  BillMode mode = BillMode::traffic;
  config::DomainUsage::Direction direction = config::DomainUsage::Direction::out;
  std::vector<BillLine> lines;
  Decimal total;
  std::vector<std::string> notes;
};

struct PackBalance {
  Pack pack;
  std::string domain;  // empty: shared by several
  uint64_t used_before = 0;
  uint64_t used = 0;  // in the period, by all domains that share it
  uint64_t left = 0;
};

struct Bill {
  std::string currency;
  unsigned digits = 2;
  int64_t zone = 0;
  int64_t from = 0;
  int64_t to = 0;
  bool final = false;  // the period is over and all of its buckets are complete
  std::vector<DomainBill> domains;
  std::vector<PackBalance> packs;
  Decimal total;
  std::vector<std::string> notes;
};

// Error: in words for whoever asked.
[[nodiscard]] proto::Result<Bill, std::string> make_bill(usage::Rows& rows, const Prices& prices,
                                                         const BillRequest& request);

// The table is for a terminal of 100 columns. Amounts are text in JSON, too.
std::string print_bill(const Bill& bill, usage::answers::Format format);

}  // namespace gateway::billing
