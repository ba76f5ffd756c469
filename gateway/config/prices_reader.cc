#include "gateway/config/prices_reader.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "gateway/config/addresses.h"
#include "gateway/config/section.h"
#include "gateway/config/yaml_tree.h"
#include "gateway/files/text_file.h"
#include "proto/base/calendar.h"
#include "proto/base/host.h"
#include "proto/base/text.h"

namespace gateway::config {

namespace {

constexpr Range kTiers = {1, 100};
constexpr Range kPacks = {0, 1000};
constexpr size_t kLongestName = 64;
constexpr size_t kWholeDigits = 6;
constexpr size_t kDecimalPlaces = 12;
constexpr uint64_t kBytesPerGb = 1'000'000'000;

constexpr Words<PriceSet::Tiering, 2> kTierings = {
    {{"reached", PriceSet::Tiering::reached}, {"graduated", PriceSet::Tiering::graduated}}};

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

bool read_price(const Section& section, std::string_view key, PriceText& out) {
  if (!section.has(key)) {
    section.error(key, "is missing: write a price such as \"0.24\"");
    return false;
  }
  auto text = section.scalar(key);
  if (!text) return false;
  if (!is_price(*text)) {
    section.error(key, in_quotes(*text) +
                           " is not a price: write 0 to 999999 with at most 12 decimal places, "
                           "such as \"0.24\"");
    return false;
  }
  out = std::move(*text);
  return true;
}

void read_optional_price(const Section& section, std::string_view key,
                         std::optional<PriceText>& out) {
  if (section.has(key)) read_price(section, key, out.emplace());
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
std::optional<Tier> read_tier(const Section& section, const std::array<Unit, N>& units,
                              const char* example) {
  Tier tier;
  const bool priced = read_price(section, "price", tier.price);
  if (section.has("up_to")) {
    const auto text = section.scalar("up_to");
    if (!text) return std::nullopt;
    tier.up_to = quantity(*text, units);
    if (!tier.up_to) {
      section.error("up_to", in_quotes(*text) + " is not the end of a tier: write a whole number " +
                                 "and its unit, such as " + example);
      return std::nullopt;
    }
  }
  return priced ? std::optional(tier) : std::nullopt;
}

void check_tiers(const Section& section, const std::vector<Tier>& tiers) {
  for (size_t i = 0; i < tiers.size(); ++i) {
    const bool last = i + 1 == tiers.size();
    if (last && tiers[i].up_to) {
      section.error("tiers", "the last tier must have no up_to, so that everything has a price");
    } else if (!last && !tiers[i].up_to) {
      section.error("tiers", "only the last tier may have no up_to");
    } else if (!last && i > 0 && tiers[i - 1].up_to >= tiers[i].up_to) {
      section.error("tiers", "each up_to must be above the one before it");
    }
  }
}

template <size_t N>
void read_tiers(const Section& section, const std::array<Unit, N>& units, const char* example,
                std::vector<Tier>& out) {
  if (!section.has("tiers")) return section.error("tiers", "is missing: write at least one tier");
  std::vector<Tier> tiers;
  bool whole = true;
  const bool there = section.list("tiers", kTiers, [&](const Node& node, const std::string& path) {
    auto tier = read_tier(section.item(node, path, "tiers"), units, example);
    whole = whole && tier;
    if (tier) tiers.push_back(std::move(*tier));
  });
  if (!there || !whole) return;
  check_tiers(section, tiers);
  out = std::move(tiers);
}

void read_price_set(const Section& section, PriceSet& set) {
  if (auto traffic = section.section("traffic")) {
    read_tiers(*traffic, kVolumes, "10TB", set.traffic);
  }
  if (auto peak = section.section("peak_bandwidth")) {
    set.peak_tiering = PriceSet::Tiering::reached;
    peak->choice("tiering", set.peak_tiering, kTierings);
    read_tiers(*peak, kRates, "500Mbps", set.peak_bandwidth);
  }
  if (auto p95 = section.section("p95")) read_price(*p95, "price", set.p95.emplace());
  const auto counts = section.section("per_million");
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

bool read_moment(const Section& section, std::string_view key, int64_t zone, int64_t& out) {
  if (!section.has(key)) {
    section.error(key, "is missing: write a date such as 2026-10-01");
    return false;
  }
  const auto text = section.scalar(key);
  if (!text) return false;
  const auto moment = proto::parse_moment(*text, zone);
  if (!moment) {
    section.error(key, in_quotes(*text) +
                           " is not a time: write 2026-10-01, 2026-10-01T08:00 or "
                           "2026-10-01T08:00+08:00");
    return false;
  }
  if (proto::hour_begin(*moment, zone) != *moment) section.error(key, "must be a whole hour");
  out = *moment;
  return true;
}

void read_gb(const Section& section, uint64_t& bytes) {
  if (!section.has("gb")) return section.error("gb", "is missing: write how many GB there are");
  uint64_t gb = 0;
  if (section.number("gb", gb, {1, 1'000'000'000})) bytes = gb * kBytesPerGb;
}

Pack read_pack(const Section& section, int64_t zone) {
  Pack pack;
  if (!section.has("name")) section.error("name", "is missing");
  if (section.text("name", pack.name) && pack.name.size() > kLongestName) {
    section.error("name", "is longer than 64 bytes");
  }
  read_gb(section, pack.bytes);
  const bool begins = read_moment(section, "from", zone, pack.from);
  const bool ends = read_moment(section, "to", zone, pack.to);
  if (begins && ends && pack.to <= pack.from) {
    section.error("to", "must be later than from: it is the first moment the pack is not valid");
  }
  return pack;
}

std::vector<Pack> read_packs(const Section& section, int64_t zone) {
  std::vector<Pack> packs;
  section.list("packs", kPacks, [&](const Node& node, const std::string& path) {
    Pack pack = read_pack(section.item(node, path, "packs"), zone);
    const bool taken = std::any_of(packs.begin(), packs.end(), [&pack](const Pack& other) {
      return !pack.name.empty() && other.name == pack.name;
    });
    if (taken) section.error(node, path, in_quotes(pack.name) + " is the name of two packs");
    packs.push_back(std::move(pack));
  });
  return packs;
}

void read_currency(const Section& section, Prices& prices) {
  section.number("digits", prices.digits, {0, 9});
  if (!section.text("code", prices.currency)) return;
  const std::string& code = prices.currency;
  const bool good = code.size() == 3 && std::all_of(code.begin(), code.end(),
                                                    [](char c) { return c >= 'A' && c <= 'Z'; });
  if (!good) section.error("code", in_quotes(code) + " is not a currency: write USD, EUR or CNY");
}

void read_day_begins(const Section& section, Prices& prices) {
  const auto text = section.scalar("day_begins");
  if (!text) return;
  const auto offset = proto::parse_zone(*text);
  if (!offset) {
    return section.error("day_begins", in_quotes(*text) +
                                           " is not a distance from UTC: write \"+08:00\", "
                                           "\"-05:00\" or Z");
  }
  prices.day_begins = *offset;
}

void read_domain_prices(const Section& section, const Node& node, const std::string& path,
                        Prices& prices, const std::string& written) {
  const Section own(node, path, {Scope::prices, "domains.*"}, section.findings());
  const std::string name = proto::canonical_host(written);
  if (auto problem = domain_name_problem(name)) {
    section.error(node, path, in_quotes(written) + ' ' + *problem);
  }
  auto [place, added] = prices.domains.emplace(name, DomainPrices{prices.common, {}});
  if (!added) return section.error(node, path, "stands here twice, in two spellings");
  read_price_set(own, place->second.prices);
  if (own.has("packs")) place->second.packs = read_packs(own, prices.day_begins);
}

void read_domains(const Section& section, Prices& prices) {
  const Node* domains = section.find("domains");
  if (domains == nullptr || domains->kind == Node::Kind::null) return;
  if (domains->kind != Node::Kind::map) {
    return section.error("domains", "must be a map from domain names to their own prices");
  }
  for (size_t i = 0; i < domains->keys.size(); ++i) {
    const std::string& name = domains->keys[i].name;
    read_domain_prices(section, domains->items[i], "domains." + shown(name), prices, name);
  }
}

void read_prices(const Section& section, Prices& prices) {
  uint64_t version = 1;
  if (!section.has("version")) section.error("version", "is missing: write version: 1");
  section.number("version", version, {1, 1});
  if (auto currency = section.section("currency")) {
    read_currency(*currency, prices);
  } else if (!section.has("currency")) {
    section.error("currency", "is missing: write currency: { code: USD, digits: 2 }");
  }
  read_day_begins(section, prices);
  section.boolean("charge_overhead", prices.charge_overhead);
  read_price_set(section, prices.common);
  prices.packs = read_packs(section, prices.day_begins);
  read_domains(section, prices);
}

}  // namespace

bool PricesReading::ok() const {
  return std::all_of(problems.begin(), problems.end(),
                     [](const Problem& problem) { return problem.warning; });
}

PricesReading read_prices_file(const std::string& path) {
  const auto text = files::read_text_file(path, kMaxFileBytes);
  if (text) return read_prices_text(*text, path);
  PricesReading reading;
  Findings(path, reading.problems).error({}, {}, text.error());
  return reading;
}

PricesReading read_prices_text(std::string_view yaml, const std::string& name) {
  PricesReading reading;
  Findings findings(name, reading.problems);
  if (auto tree = parse_yaml(yaml, findings)) {
    read_prices(Section(*tree, {}, {Scope::prices, {}}, findings), reading.prices);
  }
  std::stable_sort(
      reading.problems.begin(), reading.problems.end(), [](const Problem& a, const Problem& b) {
        return std::pair(a.place.line, a.place.column) < std::pair(b.place.line, b.place.column);
      });
  return reading;
}

}  // namespace gateway::config
