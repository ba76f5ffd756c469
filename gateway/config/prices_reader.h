// Reads the price file of `weir bill`, as strictly as the configuration: this is the manual of its
// keys. Prices stay the decimal text they were written as, so that no binary fraction comes near
// them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/document.h"

namespace gateway::config {

// "0.24": 0 to 999,999 with up to 12 places behind the point.
using PriceText = std::string;

// `up_to` belongs to the tier itself; nothing: the last tier, which has no end.
struct Tier {
  std::optional<uint64_t> up_to;  // bytes of a month (GB, TB, PB), or bit/s (Mbps, Gbps, Tbps)
  PriceText price;                // per GB, or per Mbit/s and day

  bool operator==(const Tier&) const = default;
};

// Traffic that is paid for in advance; GB = 10^9 bytes.
struct Pack {
  std::string name;  // 1 to 64 characters, unique in its list
  uint64_t bytes = 0;
  int64_t from = 0;  // Unix seconds, whole hours: the first moment it is valid
  int64_t to = 0;    // the first moment it is not

  bool operator==(const Pack&) const = default;
};

// What a bill is made by. A domain's own section takes the place of the common one, whole.
struct PriceSet {
  // reached: the tier that the day's peak reaches prices all of it; graduated: each tier its part.
  enum class Tiering { reached, graduated };
  std::vector<Tier> traffic;         // cumulative over the month; empty: no price
  std::vector<Tier> peak_bandwidth;  // empty: no price
  Tiering peak_tiering = Tiering::reached;
  std::optional<PriceText> p95;  // per Mbit/s and month

  // Per million.
  std::optional<PriceText> messages;  // both directions
  std::optional<PriceText> message_units_2k;
  std::optional<PriceText> message_units_32k;
  std::optional<PriceText> connection_minutes;
  std::optional<PriceText> sessions;

  bool operator==(const PriceSet&) const = default;
};

struct DomainPrices {
  PriceSet prices;                         // the common ones where the domain has none of its own
  std::optional<std::vector<Pack>> packs;  // nothing: the common ones

  bool operator==(const DomainPrices&) const = default;
};

struct Prices {
  std::string currency = "USD";  // three capital letters
  uint64_t digits = 2;           // 0 to 9, behind the point of an amount
  int64_t day_begins = 0;        // seconds east of UTC, fixed: of days, months and dates
  bool charge_overhead = false;  // usage.overhead_percent is charged, as a line of its own
  PriceSet common;
  std::vector<Pack> packs;                      // shared by all domains without a list of their own
  std::map<std::string, DomainPrices> domains;  // by the domain's first name, in lower case

  bool operator==(const Prices&) const = default;
};

struct PricesReading {
  Prices prices;  // usable only when no problem is an error
  std::vector<Problem> problems;
  bool ok() const;  // no errors
};

PricesReading read_prices_file(const std::string& path);
// Held in memory; `name` stands in the problems.
PricesReading read_prices_text(std::string_view yaml, const std::string& name);

}  // namespace gateway::config
