// The price file as exact numbers, and how tiers divide a quantity.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/billing/decimal.h"
#include "gateway/billing/price_file.h"

namespace gateway::billing {

// What can have a price per million.
enum class Counted : uint8_t {
  messages,
  message_units_2k,
  message_units_32k,
  connection_minutes,
  sessions,
};
inline constexpr size_t kCounted = static_cast<size_t>(Counted::sessions) + 1;

// A quantity of exactly `up_to` still belongs to the tier.
struct Tier {
  std::optional<uint64_t> up_to;  // bytes: of a month, or of a bucket for bandwidth
  std::string name;               // "up to 10 TB", "above 10 TB", "any"
  Decimal price;                  // per GB, or per Mbit/s and day
};
using Tiers = std::vector<Tier>;

struct PriceSet {
  Tiers traffic;         // empty: no price
  Tiers peak_bandwidth;  // empty: no price
  bool graduated_peak = false;
  std::optional<Decimal> p95;
  std::array<std::optional<Decimal>, kCounted> per_million;
};

struct Prices {
  std::string currency;
  unsigned digits = 2;
  int64_t zone = 0;  // seconds east of UTC
  bool charge_overhead = false;
  PriceSet common;
  std::map<std::string, PriceSet> own;  // by domain
  std::vector<Pack> packs;
  std::map<std::string, std::vector<Pack>> own_packs;

  const PriceSet& of(const std::string& domain) const;
  const std::vector<Pack>& packs_of(const std::string& domain) const;
};

// Of a price file without errors.
Prices exact_prices(const PriceFile& written);

// The part of a quantity that lies in one tier.
struct Share {
  size_t tier = 0;
  uint64_t quantity = 0;
};
// Of the next `quantity` when `before` has already been used up. Tiers are not empty.
std::vector<Share> graduated(const Tiers& tiers, uint64_t before, uint64_t quantity);
// All of it in the tier that it reaches.
Share reached(const Tiers& tiers, uint64_t quantity);

}  // namespace gateway::billing
