#include "gateway/billing/price_file.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "gateway/config/addresses.h"
#include "gateway/config/key.h"
#include "gateway/config/read.h"
#include "gateway/config/yaml_tree.h"
#include "gateway/files/text_file.h"
#include "proto/base/calendar.h"
#include "proto/base/host.h"
#include "proto/base/text.h"

namespace gateway::config {

template <>
inline constexpr Words<billing::PriceFile::Tiering, 2> kWords<billing::PriceFile::Tiering> = {
    {{"reached", billing::PriceFile::Tiering::reached},
     {"graduated", billing::PriceFile::Tiering::graduated}}};

}  // namespace gateway::config

namespace gateway::billing {

using config::Of;

namespace {

constexpr config::Range kTiers = {1, 100};
constexpr config::Range kPackCount = {0, 1000};
constexpr size_t kLongestName = 64;
constexpr size_t kWholeDigits = 6;
constexpr size_t kDecimalPlaces = 12;
constexpr uint64_t kBytesPerGb = 1'000'000'000;

struct Unit {
  std::string_view name;
  uint64_t factor;
};
constexpr std::array<Unit, 4> kVolumes = {{{"MB", 1'000'000},
                                           {"GB", kBytesPerGb},
                                           {"TB", 1'000 * kBytesPerGb},
                                           {"PB", 1'000'000 * kBytesPerGb}}};
constexpr std::array<Unit, 3> kRates = {
    {{"Mbps", 1'000'000}, {"Gbps", 1'000'000'000}, {"Tbps", 1'000'000'000'000}}};

std::optional<std::string> currency_problem(std::string_view code) {
  const bool good = code.size() == 3 && std::all_of(code.begin(), code.end(),
                                                    [](char c) { return c >= 'A' && c <= 'Z'; });
  if (good) return std::nullopt;
  return config::in_quotes(code) + " is not a currency: write USD, EUR or CNY";
}

// The functions below read what stands apart.
using config::Apart;
using config::group;
using config::key;

constexpr config::Field kTierKeys[] = {
    key("up_to", Apart{"amount"}, "The end of the tier; the last one has none."),
    key("price", Apart{"price"}, "Per GB, or per Mbit/s and day."),
};
constexpr Apart kTiersBelow{
    "list of 1 to 100 tiers", {}, [] { return keys(Of<PriceFile::Tier>{}); }};

constexpr config::Field kTrafficKeys[] = {key("tiers", kTiersBelow, "Cumulative over the month.")};
config::Table traffic_keys() { return config::part_of<PriceFile::Set>(kTrafficKeys); }

constexpr config::Field kPeakKeys[] = {
    key<&PriceFile::Set::peak_tiering>("tiering", config::OneOf{},
                                       "reached: the tier that the day's peak reaches prices all "
                                       "of it; graduated: each tier its part."),
    key("tiers", kTiersBelow, "Of the day's peak."),
};
config::Table peak_keys() { return config::part_of<PriceFile::Set>(kPeakKeys); }

constexpr config::Field kP95Keys[] = {key("price", Apart{"price"}, "Per Mbit/s and month.")};
config::Table p95_keys() { return config::part_of<PriceFile::Set>(kP95Keys); }

constexpr config::Field kMillionKeys[] = {
    key("messages", Apart{"price"}, "Of both directions.", {.also = "messages"}),
    key("message_units_2k", Apart{"price"}, "Of both directions."),
    key("message_units_32k", Apart{"price"}, "Of both directions."),
    key("connection_minutes", Apart{"price"}, "The ages of all sessions together."),
    key("sessions", Apart{"price"}, "Those that were opened."),
};
config::Table million_keys() { return config::part_of<PriceFile::Set>(kMillionKeys); }

constexpr config::Field kSetKeys[] = {
    group<traffic_keys>("traffic", "Of bytes."),
    group<peak_keys>("peak_bandwidth", "Of each day's peak.", {.also = "bandwidth"}),
    group<p95_keys>("p95", "Of the month's 95th percentile."),
    group<million_keys>("per_million", "Of what is counted."),
};

constexpr config::Field kPackKeys[] = {
    key("name", Apart{"text"}, "Unique in its list."),
    key("gb", Apart{"number"}, "GB = 10^9 bytes."),
    key("from", Apart{"date"}, "The first moment the pack is valid."),
    key("to", Apart{"date"}, "The first moment it is not."),
};
constexpr config::Field kPacks =
    key("packs", Apart{"list of 0 to 1000 packs", {}, [] { return keys(Of<Pack>{}); }},
        "Traffic that is paid for in advance.", {.also = "packages"});

constexpr config::Field kOwnKeys[] = {key<&PriceFile::Own::prices>(config::Beside{}), kPacks};

constexpr config::Field kCurrencyKeys[] = {
    key<&PriceFile::currency>("code", config::Text{currency_problem}, "USD, EUR or CNY."),
    key<&PriceFile::digits>("digits", config::Count{0, 9}, "Behind the point of an amount."),
};
config::Table currency_keys() { return config::part_of<PriceFile>(kCurrencyKeys); }

constexpr config::Field kFileKeys[] = {
    key("version", Apart{"number"}, "Of this format: 1."),
    group<currency_keys>("currency", "Of all amounts."),
    key("day_begins", Apart{"distance from UTC"}, "Of days, months and dates.",
        {.also = "timezone"}),
    key<&PriceFile::charge_overhead>("charge_overhead", config::Switch{},
                                     "usage.overhead_percent is charged, as a line of its own."),
    key<&PriceFile::common>(config::Beside{}),
    kPacks,
    key("domains", Apart{"map"}, "From names of domains to their own prices."),
};

bool only_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_price(std::string_view text) {
  const size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  if (!only_digits(whole) || whole.size() > kWholeDigits) return false;
  if (point == std::string_view::npos) return true;
  const std::string_view places = text.substr(point + 1);
  return only_digits(places) && places.size() <= kDecimalPlaces;
}

bool read_price(const config::MapReader& map, std::string_view key, PriceText& out) {
  if (!map.has(key)) {
    map.error(key, "is missing: write a price such as \"0.24\"");
    return false;
  }
  auto text = map.scalar(key);
  if (!text) return false;
  if (!is_price(*text)) {
    map.error(key, config::in_quotes(*text) +
                       " is not a price: write 0 to 999999 with at most 12 decimal places, "
                       "such as \"0.24\"");
    return false;
  }
  out = std::move(*text);
  return true;
}

void read_optional_price(const config::MapReader& map, std::string_view key,
                         std::optional<PriceText>& out) {
  if (map.has(key)) read_price(map, key, out.emplace());
}

template <size_t N>
std::optional<uint64_t> quantity(std::string_view text, const std::array<Unit, N>& units) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = proto::parse_decimal(text.substr(0, digits));
  const auto* unit = std::find_if(units.begin(), units.end(), [&](const Unit& known) {
    return known.name == text.substr(digits);
  });
  if (!number || *number == 0 || unit == units.end()) return std::nullopt;
  if (*number > std::numeric_limits<uint64_t>::max() / unit->factor) return std::nullopt;
  return *number * unit->factor;
}

// Nothing: it is reported, and what follows from it must not be.
template <size_t N>
std::optional<PriceFile::Tier> read_tier(const config::MapReader& map,
                                         const std::array<Unit, N>& units, const char* example) {
  PriceFile::Tier tier;
  const bool priced = read_price(map, "price", tier.price);
  if (map.has("up_to")) {
    const auto text = map.scalar("up_to");
    if (!text) return std::nullopt;
    tier.up_to = quantity(*text, units);
    if (!tier.up_to) {
      map.error("up_to", config::in_quotes(*text) +
                             " is not the end of a tier: write a whole number " +
                             "and its unit, such as " + example);
      return std::nullopt;
    }
  }
  return priced ? std::optional(tier) : std::nullopt;
}

void check_tiers(const config::MapReader& map, const std::vector<PriceFile::Tier>& tiers) {
  for (size_t i = 0; i < tiers.size(); ++i) {
    const bool last = i + 1 == tiers.size();
    if (last && tiers[i].up_to) {
      map.error("tiers", "the last tier must have no up_to, so that everything has a price");
    } else if (!last && !tiers[i].up_to) {
      map.error("tiers", "only the last tier may have no up_to");
    } else if (!last && i > 0 && tiers[i - 1].up_to >= tiers[i].up_to) {
      map.error("tiers", "each up_to must be above the one before it");
    }
  }
}

template <size_t N>
void read_tiers(const config::MapReader& map, const std::array<Unit, N>& units, const char* example,
                std::vector<PriceFile::Tier>& out) {
  if (!map.has("tiers")) return map.error("tiers", "is missing: write at least one tier");
  std::vector<PriceFile::Tier> tiers;
  bool whole = true;
  const bool there =
      map.list("tiers", kTiers, [&](const config::Node& node, const std::string& path) {
        auto tier = read_tier(map.item(node, path, keys(Of<PriceFile::Tier>{})), units, example);
        whole = whole && tier;
        if (tier) tiers.push_back(std::move(*tier));
      });
  if (!there || !whole) return;
  check_tiers(map, tiers);
  out = std::move(tiers);
}

void read_price_set(const config::MapReader& map, PriceFile::Set& set) {
  if (auto traffic = map.below("traffic", traffic_keys())) {
    read_tiers(*traffic, kVolumes, "10TB", set.traffic);
  }
  if (auto peak = map.below("peak_bandwidth", peak_keys())) {
    set.peak_tiering = PriceFile::Tiering::reached;
    config::read(*peak, peak_keys(), &set);
    read_tiers(*peak, kRates, "500Mbps", set.peak_bandwidth);
  }
  if (auto p95 = map.below("p95", p95_keys())) read_price(*p95, "price", set.p95.emplace());
  const auto counts = map.below("per_million", million_keys());
  if (!counts) return;
  for (auto* price : {&set.messages, &set.message_units_2k, &set.message_units_32k,
                      &set.connection_minutes, &set.sessions}) {
    price->reset();
  }
  read_optional_price(*counts, "messages", set.messages);
  read_optional_price(*counts, "message_units_2k", set.message_units_2k);
  read_optional_price(*counts, "message_units_32k", set.message_units_32k);
  read_optional_price(*counts, "connection_minutes", set.connection_minutes);
  read_optional_price(*counts, "sessions", set.sessions);
}

bool read_moment(const config::MapReader& map, std::string_view key, int64_t zone, int64_t& out) {
  if (!map.has(key)) {
    map.error(key, "is missing: write a date such as 2026-10-01");
    return false;
  }
  const auto text = map.scalar(key);
  if (!text) return false;
  const auto moment = proto::parse_moment(*text, zone);
  if (!moment) {
    map.error(key, config::in_quotes(*text) +
                       " is not a time: write 2026-10-01, 2026-10-01T08:00 or "
                       "2026-10-01T08:00+08:00");
    return false;
  }
  if (proto::hour_begin(*moment, zone) != *moment) map.error(key, "must be a whole hour");
  out = *moment;
  return true;
}

void read_gb(const config::MapReader& map, uint64_t& bytes) {
  if (!map.has("gb")) return map.error("gb", "is missing: write how many GB there are");
  const auto gb = config::value_of(map, "gb", config::Count{1, 1'000'000'000});
  if (gb) bytes = *gb * kBytesPerGb;
}

Pack read_pack(const config::MapReader& map, int64_t zone) {
  Pack pack;
  if (!map.has("name")) map.error("name", "is missing");
  pack.name = map.scalar("name").value_or("");
  if (pack.name.size() > kLongestName) map.error("name", "is longer than 64 bytes");
  read_gb(map, pack.bytes);
  const bool begins = read_moment(map, "from", zone, pack.from);
  const bool ends = read_moment(map, "to", zone, pack.to);
  if (begins && ends && pack.to <= pack.from) {
    map.error("to", "must be later than from: it is the first moment the pack is not valid");
  }
  return pack;
}

std::vector<Pack> read_packs(const config::MapReader& map, int64_t zone) {
  std::vector<Pack> packs;
  map.list("packs", kPackCount, [&](const config::Node& node, const std::string& path) {
    Pack pack = read_pack(map.item(node, path, keys(Of<Pack>{})), zone);
    const bool taken = std::any_of(packs.begin(), packs.end(), [&pack](const Pack& other) {
      return !pack.name.empty() && other.name == pack.name;
    });
    if (taken) map.error(node, path, config::in_quotes(pack.name) + " is the name of two packs");
    packs.push_back(std::move(pack));
  });
  return packs;
}

void read_day_begins(const config::MapReader& map, PriceFile& prices) {
  const auto text = map.scalar("day_begins");
  if (!text) return;
  const auto offset = proto::parse_zone(*text);
  if (!offset) {
    return map.error("day_begins", config::in_quotes(*text) +
                                       " is not a distance from UTC: write \"+08:00\", "
                                       "\"-05:00\" or Z");
  }
  prices.day_begins = *offset;
}

void read_domain_prices(const config::MapReader& map, const config::Node& node,
                        const std::string& path, PriceFile& prices, const std::string& written) {
  const config::MapReader own(node, path, keys(Of<PriceFile::Own>{}), map.findings());
  const std::string name = proto::canonical_host(written);
  if (auto problem = config::domain_name_problem(name)) {
    map.error(node, path, config::in_quotes(written) + ' ' + *problem);
  }
  auto [place, added] = prices.domains.emplace(name, PriceFile::Own{prices.common, {}});
  if (!added) return map.error(node, path, "stands here twice, in two spellings");
  read_price_set(own, place->second.prices);
  if (own.has("packs")) place->second.packs = read_packs(own, prices.day_begins);
}

void read_domains(const config::MapReader& map, PriceFile& prices) {
  const config::Node* domains = map.find("domains");
  if (domains == nullptr || domains->kind == config::Node::Kind::null) return;
  if (domains->kind != config::Node::Kind::map) {
    return map.error("domains", "must be a map from domain names to their own prices");
  }
  for (size_t i = 0; i < domains->keys.size(); ++i) {
    const std::string& name = domains->keys[i].name;
    read_domain_prices(map, domains->items[i], "domains." + config::shown(name), prices, name);
  }
}

void read_prices(const config::MapReader& map, PriceFile& prices) {
  if (!map.has("version")) map.error("version", "is missing: write version: 1");
  static_cast<void>(config::value_of(map, "version", config::Count{1, 1}));
  if (auto currency = map.below("currency", currency_keys())) {
    config::read(*currency, currency_keys(), &prices);
  } else if (!map.has("currency")) {
    map.error("currency", "is missing: write currency: { code: USD, digits: 2 }");
  }
  read_day_begins(map, prices);
  prices.charge_overhead =
      config::value_of(map, "charge_overhead", config::Switch{}).value_or(false);
  read_price_set(map, prices.common);
  prices.packs = read_packs(map, prices.day_begins);
  read_domains(map, prices);
}

}  // namespace

config::Table keys(Of<Pack>) { return config::table_of<Pack>(kPackKeys); }
config::Table keys(Of<PriceFile::Tier>) { return config::table_of<PriceFile::Tier>(kTierKeys); }
config::Table keys(Of<PriceFile::Set>) { return config::table_of<PriceFile::Set>(kSetKeys); }
config::Table keys(Of<PriceFile::Own>) { return config::table_of<PriceFile::Own>(kOwnKeys); }
config::Table keys(Of<PriceFile>) { return config::table_of<PriceFile>(kFileKeys); }

bool PriceFileReading::ok() const {
  return std::all_of(problems.begin(), problems.end(),
                     [](const config::Problem& problem) { return problem.warning; });
}

PriceFileReading read_price_file(const std::string& path) {
  const auto text = files::read_text_file(path, config::kMaxFileBytes);
  if (text) return read_price_text(*text, path);
  PriceFileReading reading;
  config::Findings(path, reading.problems).error({}, {}, text.error());
  return reading;
}

PriceFileReading read_price_text(std::string_view yaml, const std::string& name) {
  PriceFileReading reading;
  config::Findings findings(name, reading.problems);
  if (auto tree = config::parse_yaml(yaml, findings)) {
    read_prices(config::MapReader(*tree, {}, keys(Of<PriceFile>{}), findings), reading.prices);
  }
  std::stable_sort(reading.problems.begin(), reading.problems.end(),
                   [](const config::Problem& a, const config::Problem& b) {
                     return std::pair(a.place.line, a.place.column) <
                            std::pair(b.place.line, b.place.column);
                   });
  return reading;
}

}  // namespace gateway::billing
