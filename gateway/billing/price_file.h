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
#include "gateway/config/field.h"

namespace gateway::billing {

// "0.24": 0 to 999,999 with up to 12 places behind the point.
using PriceText = std::string;

// Traffic that is paid for in advance; GB = 10^9 bytes.
struct Pack {
  std::string name;  // 1 to 64 characters, unique in its list
  uint64_t bytes = 0;
  int64_t from = 0;  // Unix seconds, whole hours: the first moment it is valid
  int64_t to = 0;    // the first moment it is not

  bool operator==(const Pack&) const = default;
};

// What is written, before it is made exact (prices.h).
struct PriceFile {
  // `up_to` belongs to the tier itself; nothing: the last tier, which has no end.
  struct Tier {
    std::optional<uint64_t> up_to;  // bytes of a month (GB, TB, PB), or bit/s (Mbps, Gbps, Tbps)
    PriceText price;                // per GB, or per Mbit/s and day

    bool operator==(const Tier&) const = default;
  };

  // reached: the tier that the day's peak reaches prices all of it; graduated: each tier its part.
  enum class Tiering { reached, graduated };

  // What a bill is made by. A domain's own section takes the place of the common one, whole.
  struct Set {
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

    bool operator==(const Set&) const = default;
  };

  // Of one domain.
  struct Own {
    Set prices;                              // the common ones where the domain has none of its own
    std::optional<std::vector<Pack>> packs;  // nothing: the common ones

    bool operator==(const Own&) const = default;
  };

  std::string currency = "USD";  // three capital letters
  uint64_t digits = 2;           // 0 to 9, behind the point of an amount
  int64_t day_begins = 0;        // seconds east of UTC, fixed: of days, months and dates
  bool charge_overhead = false;  // usage.overhead_percent is charged, as a line of its own
  Set common;
  std::vector<Pack> packs;             // shared by all domains without a list of their own
  std::map<std::string, Own> domains;  // by the domain's first name, in lower case

  bool operator==(const PriceFile&) const = default;
};

struct PriceFileReading {
  PriceFile prices;  // usable only when no problem is an error
  std::vector<config::Problem> problems;
  bool ok() const;  // no errors
};

// The keys of the file and of what is in it.
config::Table keys(config::Of<PriceFile>);
config::Table keys(config::Of<PriceFile::Own>);
config::Table keys(config::Of<PriceFile::Set>);
config::Table keys(config::Of<PriceFile::Tier>);
config::Table keys(config::Of<Pack>);

PriceFileReading read_price_file(const std::string& path);
// Held in memory; `name` stands in the problems.
PriceFileReading read_price_text(std::string_view yaml, const std::string& name);

}  // namespace gateway::billing
