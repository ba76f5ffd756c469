#include "gateway/billing/bill_traffic.h"

#include <algorithm>
#include <tuple>

#include "proto/base/calendar.h"

namespace gateway::billing {

void TrafficBilling::add(const std::string& domain, const BilledUsage& usage) {
  balances_of(domain);  // a pack that nobody has used is on the bill, too
  for (const Sample& sample : usage.samples) {
    const int64_t begin = proto::hour_begin(sample.bucket, prices_.zone);
    const bool same =
        !hours_.empty() && hours_.back().domain == domain && hours_.back().begin == begin;
    if (!same) hours_.push_back({begin, domain, 0});
    hours_.back().bytes += sample.bytes;
  }
}

void TrafficBilling::run() {
  // Domains that share a pack in one hour take from it in the order of their names: any order
  // would do, but it must be the same each time.
  std::sort(hours_.begin(), hours_.end(), [](const Hour& a, const Hour& b) {
    return std::tie(a.begin, a.domain) < std::tie(b.begin, b.domain);
  });
  for (const Hour& hour : hours_) pay_by_tiers(hour, pay_by_packs(hour));
}

TrafficBilling::Balances& TrafficBilling::balances_of(const std::string& domain) {
  const bool own = prices_.own_packs.contains(domain);
  const auto [place, added] = balances_.try_emplace(own ? domain : "");
  if (!added) return place->second;
  for (const Pack& pack : prices_.packs_of(domain)) {
    place->second.push_back({pack, own ? domain : "", 0, 0, pack.bytes});
  }
  // The one that ends first is used first.
  std::stable_sort(place->second.begin(), place->second.end(),
                   [](const PackBalance& a, const PackBalance& b) {
                     return std::tie(a.pack.to, a.pack.from) < std::tie(b.pack.to, b.pack.from);
                   });
  return place->second;
}

// Returns what no pack has paid.
uint64_t TrafficBilling::pay_by_packs(const Hour& hour) {
  uint64_t open = hour.bytes;
  for (PackBalance& balance : balances_of(hour.domain)) {
    if (hour.begin < balance.pack.from || hour.begin >= balance.pack.to) continue;
    const uint64_t part = std::min(open, balance.left);
    if (part == 0) continue;
    open -= part;
    balance.left -= part;
    (hour.begin < from_ ? balance.used_before : balance.used) += part;
    if (hour.begin < from_) continue;
    const int64_t month = proto::month_begin(hour.begin, prices_.zone);
    paid_[hour.domain][month].by_pack[balance.pack.name] += part;
  }
  return open;
}

void TrafficBilling::pay_by_tiers(const Hour& hour, uint64_t bytes) {
  const int64_t begin = proto::month_begin(hour.begin, prices_.zone);
  Month& month = months_[hour.domain];
  if (month.begin != begin) month = {begin, 0};
  const uint64_t before = month.charged;
  month.charged += bytes;
  if (hour.begin < from_) {
    const bool first_month = begin == proto::month_begin(from_, prices_.zone);
    if (first_month) before_[hour.domain] = month.charged;
    return;
  }
  PaidTraffic& paid = paid_[hour.domain][begin];
  for (const Share& share : graduated(prices_.of(hour.domain).traffic, before, bytes)) {
    paid.by_tier[share.tier] += share.quantity;
  }
}

std::vector<PackBalance> TrafficBilling::packs(int64_t to) const {
  std::vector<PackBalance> valid;
  for (const auto& [domain, balances] : balances_) {
    for (const PackBalance& balance : balances) {
      if (balance.pack.from < to && balance.pack.to > from_) valid.push_back(balance);
    }
  }
  return valid;
}

int64_t bearing_from(const std::vector<Pack>& packs, int64_t from, int64_t zone) {
  int64_t first = proto::month_begin(from, zone);
  // A pack that has worn another down has to be followed, too, so it goes on until none is new.
  for (bool found = true; found;) {
    found = false;
    for (const Pack& pack : packs) {
      if (pack.to <= first || pack.from >= first) continue;
      first = pack.from;
      found = true;
    }
  }
  return first;
}

}  // namespace gateway::billing
