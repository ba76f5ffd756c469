#include "gateway/billing/prices.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "gateway/usage/totals.h"
#include "proto/base/host.h"

namespace gateway::billing {

namespace {

struct Unit {
  const char* name;
  uint64_t factor;
};
constexpr std::array<Unit, 4> kVolumes = {{{" PB", 1'000'000'000'000'000},
                                           {" TB", 1'000'000'000'000},
                                           {" GB", 1'000'000'000},
                                           {" MB", 1'000'000}}};
constexpr std::array<Unit, 3> kRates = {
    {{" Tbit/s", 1'000'000'000'000}, {" Gbit/s", 1'000'000'000}, {" Mbit/s", 1'000'000}}};

// The reader of the price file has let nothing through that cannot be parsed.
Decimal exact(const PriceText& text) { return Decimal::parse(text).value_or(Decimal()); }

std::optional<Decimal> exact(const std::optional<PriceText>& text) {
  return text ? std::optional(exact(*text)) : std::nullopt;
}

template <size_t N>
std::string in_units(uint64_t quantity, const std::array<Unit, N>& units) {
  for (const Unit& unit : units) {
    if (quantity % unit.factor == 0) return std::to_string(quantity / unit.factor) + unit.name;
  }
  return std::to_string(quantity);
}

template <size_t N>
Tiers exact_tiers(const std::vector<PriceFile::Tier>& written, const std::array<Unit, N>& units) {
  Tiers tiers;
  std::string last;
  for (const PriceFile::Tier& tier : written) {
    const std::string end = tier.up_to ? in_units(*tier.up_to, units) : "";
    std::string name = "up to " + end;
    if (!tier.up_to) name = last.empty() ? "any" : "above " + last;
    tiers.push_back({tier.up_to, name, exact(tier.price)});
    last = end;
  }
  return tiers;
}

// Bandwidth is compared as the bytes of a bucket, which are whole numbers.
Tiers per_bucket(Tiers tiers) {
  constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();
  for (Tier& tier : tiers) {
    if (!tier.up_to) continue;
    const uint64_t bytes = *tier.up_to / 8;
    tier.up_to = bytes > kMost / usage::kBucketSeconds ? kMost : bytes * usage::kBucketSeconds;
  }
  return tiers;
}

PriceSet exact_set(const PriceFile::Set& written) {
  PriceSet set;
  set.traffic = exact_tiers(written.traffic, kVolumes);
  set.peak_bandwidth = per_bucket(exact_tiers(written.peak_bandwidth, kRates));
  set.graduated_peak = written.peak_tiering == PriceFile::Tiering::graduated;
  set.p95 = exact(written.p95);
  set.per_million = {exact(written.messages), exact(written.message_units_2k),
                     exact(written.message_units_32k), exact(written.connection_minutes),
                     exact(written.sessions)};
  return set;
}

}  // namespace

const PriceSet& Prices::of(const std::string& domain) const {
  const auto found = own.find(proto::canonical_host(domain));
  return found == own.end() ? common : found->second;
}

const std::vector<Pack>& Prices::packs_of(const std::string& domain) const {
  const auto found = own_packs.find(proto::canonical_host(domain));
  return found == own_packs.end() ? packs : found->second;
}

Prices exact_prices(const PriceFile& written) {
  Prices prices;
  prices.currency = written.currency;
  prices.digits = static_cast<unsigned>(written.digits);
  prices.zone = written.day_begins;
  prices.charge_overhead = written.charge_overhead;
  prices.common = exact_set(written.common);
  prices.packs = written.packs;
  for (const auto& [name, domain] : written.domains) {
    prices.own.emplace(name, exact_set(domain.prices));
    if (domain.packs) prices.own_packs.emplace(name, *domain.packs);
  }
  return prices;
}

std::vector<Share> graduated(const Tiers& tiers, uint64_t before, uint64_t quantity) {
  std::vector<Share> shares;
  for (size_t i = 0; i < tiers.size() && quantity > 0; ++i) {
    const uint64_t end = tiers[i].up_to.value_or(std::numeric_limits<uint64_t>::max());
    if (before >= end) continue;
    const uint64_t part = std::min(quantity, end - before);
    shares.push_back({i, part});
    before += part;
    quantity -= part;
  }
  return shares;
}

Share reached(const Tiers& tiers, uint64_t quantity) {
  size_t tier = 0;
  while (tier + 1 < tiers.size() && tiers[tier].up_to && quantity > *tiers[tier].up_to) ++tier;
  return {tier, quantity};
}

}  // namespace gateway::billing
