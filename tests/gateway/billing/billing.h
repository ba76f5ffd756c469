// What the tests of bills share: rows in memory, and prices from a few lines of YAML.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <doctest/doctest.h>

#include "gateway/billing/bill.h"
#include "gateway/billing/price_file.h"
#include "proto/base/calendar.h"

namespace tests {

inline constexpr uint64_t kGb = 1'000'000'000;
inline constexpr int64_t kHour = proto::kHourSeconds;
inline constexpr int64_t kDay = proto::kDaySeconds;

// "2026-10-01" or "2026-10-01T08:00", UTC.
inline int64_t at(std::string_view text) {
  const auto moment = proto::parse_moment(text, 0);
  REQUIRE(moment);
  return *moment;
}

class MemoryRows final : public gateway::usage::Rows {
 public:
  gateway::usage::Row& add(const std::string& domain, int64_t time, uint64_t bytes_out) {
    gateway::usage::Row row;
    row.key = {"node", "boot", domain, gateway::usage::bucket_of(time), 0};
    row.totals[gateway::usage::Field::client_bytes_out] = bytes_out;
    row.complete = true;
    rows_.push_back(row);
    return rows_.back();
  }

  std::string read(const gateway::usage::Selection& selection,
                   const std::function<void(const gateway::usage::Row&)>& each) override {
    std::stable_sort(rows_.begin(), rows_.end(), [](const auto& a, const auto& b) {
      return std::tie(a.key.bucket, a.key.domain) < std::tie(b.key.bucket, b.key.domain);
    });
    const auto& names = selection.domains;
    for (const gateway::usage::Row& row : rows_) {
      if (row.key.bucket < selection.from || row.key.bucket >= selection.to) continue;
      if (!names.empty() && std::find(names.begin(), names.end(), row.key.domain) == names.end()) {
        continue;
      }
      each(row);
    }
    return trouble;
  }

  std::string trouble;

 private:
  std::vector<gateway::usage::Row> rows_;
};

inline gateway::billing::Prices prices_of(const std::string& keys) {
  const auto reading = gateway::billing::read_price_text(
      "version: 1\ncurrency: { code: USD, digits: 2 }\n" + keys, "p.yaml");
  for (const auto& problem : reading.problems) FAIL_CHECK(to_string(problem));
  return gateway::billing::exact_prices(reading.prices);
}

// Of a month that is over.
inline gateway::billing::BillRequest october() {
  gateway::billing::BillRequest request;
  request.from = at("2026-10-01");
  request.to = at("2026-11-01");
  request.now = at("2026-11-20");
  request.configured["a.test"] = {};
  return request;
}

inline gateway::billing::Bill bill_of(gateway::usage::Rows& rows, const std::string& prices,
                                      const gateway::billing::BillRequest& request = october()) {
  const auto bill = gateway::billing::make_bill(rows, prices_of(prices), request);
  if (!bill) FAIL(bill.error());
  return *bill;
}

// "text: quantity unit x price = amount", as it can be worked out on paper.
inline std::vector<std::string> lines_of(const gateway::billing::DomainBill& bill) {
  std::vector<std::string> out;
  for (const gateway::billing::BillLine& line : bill.lines) {
    const std::string price = line.price ? line.price->print_short(12) : "-";
    out.push_back(line.text + ": " + line.quantity.print_short(9) + ' ' + line.unit + " x " +
                  price + " = " + line.amount.print(2));
  }
  return out;
}

inline bool has_note(const std::vector<std::string>& notes, std::string_view part) {
  return std::any_of(notes.begin(), notes.end(), [part](const std::string& note) {
    return note.find(part) != std::string::npos;
  });
}

}  // namespace tests
