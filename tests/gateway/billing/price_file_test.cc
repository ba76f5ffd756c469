#include "gateway/billing/price_file.h"

#include <fstream>
#include <iterator>
#include <set>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "gateway/config/paths.h"
#include "proto/base/calendar.h"

using namespace gateway::billing;
using gateway::config::Problem;
using nlohmann::json;

namespace {

constexpr std::string_view kHead = "version: 1\ncurrency: { code: EUR }\n";

PriceFileReading read(std::string_view keys) {
  return read_price_text(std::string(kHead) + std::string(keys), "p.yaml");
}

// All problems on one line each, as the operator sees them.
std::string problems_of(const PriceFileReading& reading) {
  std::string out;
  for (const Problem& problem : reading.problems) out += to_string(problem) + '\n';
  return out;
}

std::string problems_of(std::string_view keys) { return problems_of(read(keys)); }

bool mentions(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// Every path of properties; "*" for the names that are the operator's own.
void collect(const json& schema, const json& where, const std::string& prefix,
             std::set<std::string>& out) {
  const json* node = &where;
  if (node->contains("$ref")) {
    const auto reference = (*node)["$ref"].get<std::string>();
    node = &schema["definitions"][reference.substr(reference.rfind('/') + 1)];
  }
  if (node->contains("items")) collect(schema, (*node)["items"], prefix, out);
  if (node->contains("additionalProperties") && (*node)["additionalProperties"].is_object()) {
    out.insert(prefix + ".*");
    collect(schema, (*node)["additionalProperties"], prefix + ".*", out);
  }
  if (!node->contains("properties")) return;
  for (const auto& [name, below] : (*node)["properties"].items()) {
    const std::string path = prefix.empty() ? name : prefix + '.' + name;
    out.insert(path);
    collect(schema, below, path, out);
  }
}

}  // namespace

TEST_CASE("price file: the example that ships has no problems") {
  const PriceFileReading reading = read_price_file(WEIR_SOURCE_DIR "/conf/prices.yaml");
  CHECK(problems_of(reading).empty());
  const PriceFile& prices = reading.prices;
  CHECK(prices.currency == "USD");
  CHECK(prices.digits == 2);
  CHECK(prices.day_begins == 0);
  REQUIRE(prices.common.traffic.size() == 3);
  CHECK(prices.common.traffic[0] == PriceFile::Tier{10'000'000'000'000, "0.24"});
  CHECK(prices.common.traffic[2] == PriceFile::Tier{std::nullopt, "0.20"});
  CHECK(prices.common.peak_bandwidth[1] == PriceFile::Tier{5'000'000'000, "0.58"});
  REQUIRE(prices.packs.size() == 1);
  CHECK(prices.packs[0].bytes == 500'000'000'000);
  CHECK(prices.packs[0].from == proto::parse_moment("2026-09-15", 0));
  const PriceFile::Own& chat = prices.domains.at("chat.example.com");
  CHECK(chat.prices.p95 == "7.25");
  CHECK(chat.prices.traffic == prices.common.traffic);
  REQUIRE(chat.packs);
  CHECK(chat.packs->empty());
}

TEST_CASE("price file: the schema for editors has the same keys") {
  std::ifstream in(WEIR_SOURCE_DIR "/conf/prices.schema.json");
  const json schema = json::parse(in);
  std::set<std::string> found;
  collect(schema, schema, "", found);
  using gateway::config::Of;
  std::set<std::string> known{"domains.*"};
  for (const auto& key : gateway::config::paths_in(keys(Of<PriceFile>{}))) known.insert(key.path);
  for (const auto& key : gateway::config::paths_in(keys(Of<PriceFile::Own>{})))
    known.insert("domains.*." + key.path);
  CHECK(found == known);
}

TEST_CASE("price file: a plain price and a quoted one are the same text") {
  const PriceFileReading reading =
      read("traffic: { tiers: [{ up_to: 5GB, price: 0.10 }, { price: \"0.1000\" }] }\n");
  CHECK(problems_of(reading).empty());
  CHECK(reading.prices.common.traffic[0].price == "0.10");
  CHECK(reading.prices.common.traffic[1].price == "0.1000");
}

TEST_CASE("price file: negative and absurd prices are refused, with their line") {
  for (const char* price : {"-0.24", "1000000", "1e3", "0x1", "0,24", ".24", "24.", "free", "+1",
                            "NaN", "\"\"", "[]", "0.0000000000001", "0.24 USD"}) {
    CAPTURE(price);
    const std::string problems = problems_of("p95:\n  price: " + std::string(price) + "\n");
    CHECK(mentions(problems, "p.yaml:4:10: p95.price: "));
  }
  CHECK(problems_of("p95: { price: 0 }\n").empty());
  CHECK(problems_of("p95: { price: 999999.999999999999 }\n").empty());
}

TEST_CASE("price file: tiers go upwards and end open") {
  const auto tiers = [](const std::string& list) {
    return problems_of("traffic: { tiers: [" + list + "] }\n");
  };
  CHECK(tiers("{ price: 1 }").empty());
  CHECK(mentions(tiers(""), "has 0 entries"));
  CHECK(mentions(tiers("{ up_to: 1TB, price: 1 }"), "the last tier must have no up_to"));
  CHECK(mentions(tiers("{ price: 1 }, { price: 2 }"), "only the last tier"));
  CHECK(mentions(tiers("{ up_to: 2TB, price: 1 }, { up_to: 2000GB, price: 2 }, { price: 3 }"),
                 "above the one before"));
  CHECK(mentions(tiers("{ up_to: 1TiB, price: 1 }, { price: 2 }"), "is not the end of a tier"));
  CHECK(mentions(tiers("{ up_to: 1.5TB, price: 1 }, { price: 2 }"), "is not the end of a tier"));
  CHECK(mentions(tiers("{ up_to: 99999999999PB, price: 1 }, { price: 2 }"), "not the end"));
  CHECK(mentions(tiers("{ up_to: 500Mbps, price: 1 }, { price: 2 }"), "is not the end of a tier"));
  CHECK(mentions(tiers("{ up_to: 1TB }, { price: 2 }"), "tiers[0].price: is missing"));
  CHECK(mentions(problems_of("traffic: {}\n"), "traffic.tiers: is missing"));
  CHECK(mentions(problems_of("peak_bandwidth: { tiers: [{ up_to: 1GB, price: 1 }, { price: 2 }] }"),
                 "such as 500Mbps"));
}

TEST_CASE("price file: unknown keys are errors that name the nearest one") {
  CHECK(mentions(problems_of("trafic: {}\n"),
                 "p.yaml:3:1: unknown key \"trafic\": did you mean "
                 "\"traffic\"?"));
  CHECK(mentions(problems_of("traffic: { tiers: [{ prise: 1, price: 1 }] }\n"), "\"price\"?"));
  CHECK(mentions(problems_of("domains: { a.test: { currency: { code: USD } } }\n"), "unknown key"));
  CHECK(mentions(problems_of("domains: { a.test: { pack: [] } }\n"), "\"packs\"?"));
  CHECK(mentions(problems_of("p95: { price: 1 }\np95: { price: 2 }\n"), "duplicate key"));
}

TEST_CASE("price file: version and currency are asked for") {
  const auto text = [](std::string_view yaml) {
    return problems_of(read_price_text(yaml, "p.yaml"));
  };
  CHECK(mentions(text("p95: { price: 1 }\n"), "version: is missing"));
  CHECK(mentions(text("p95: { price: 1 }\n"), "currency: is missing"));
  CHECK(mentions(text("version: 2\ncurrency: { code: USD }\n"), "out of range"));
  CHECK(mentions(text("version: 1\ncurrency: { code: usd, digits: 10 }\n"), "not a currency"));
  CHECK(mentions(text("version: 1\ncurrency: { code: USD, digits: 10 }\n"), "out of range"));
  CHECK(mentions(text(""), "version: is missing"));
  CHECK(mentions(text("[]"), "must be a map"));
}

TEST_CASE("price file: packs have a name, a size and a time") {
  const auto packs = [](const std::string& list) {
    return problems_of("day_begins: \"+08:00\"\npacks: [" + list + "]\n");
  };
  CHECK(packs("{ name: a, gb: 1, from: 2026-10-01, to: 2026-10-02 }").empty());
  CHECK(mentions(packs("{ name: a, gb: 1, from: 2026-10-02, to: 2026-10-02 }"), "must be later"));
  CHECK(mentions(packs("{ name: a, gb: 0, from: 2026-10-01, to: 2026-10-02 }"), "out of range"));
  CHECK(mentions(packs("{ name: a, gb: -5, from: 2026-10-01, to: 2026-10-02 }"), "packs[0].gb"));
  CHECK(mentions(packs("{ name: a, gb: 1, from: October, to: 2026-10-02 }"), "is not a time"));
  CHECK(
      mentions(packs("{ name: a, gb: 1, from: 2026-10-01T00:30, to: 2026-10-02 }"), "whole hour"));
  CHECK(mentions(packs("{}"), "packs[0].name: is missing"));
  CHECK(mentions(packs("{ name: a, gb: 1, from: 2026-10-01, to: 2026-10-02 }, "
                       "{ name: a, gb: 1, from: 2026-10-01, to: 2026-10-02 }"),
                 "the name of two packs"));
  const PriceFileReading reading = read(
      "day_begins: \"+08:00\"\npacks: [{ name: a, gb: 1, from: 2026-10-01, to: 2026-10-02 }]\n");
  CHECK(reading.prices.packs[0].from ==
        *proto::parse_moment("2026-10-01", 0) - 8 * proto::kHourSeconds);
}

TEST_CASE("price file: where a day begins is a fixed distance from UTC") {
  CHECK(read("day_begins: \"-05:00\"\n").prices.day_begins == -5 * proto::kHourSeconds);
  CHECK(read("day_begins: Z\n").prices.day_begins == 0);
  for (const char* text : {"Europe/Berlin", "8", "\"+8\"", "\"+08:10\"", "\"+15:00\""}) {
    CAPTURE(text);
    CHECK(mentions(problems_of("day_begins: " + std::string(text) + "\n"), "distance from UTC"));
  }
}

TEST_CASE("price file: a domain's own section takes the place of the whole common one") {
  const PriceFileReading reading = read(
      "per_million: { messages: 1, sessions: 2 }\np95: { price: 3 }\n"
      "domains: { A.Test: { per_million: { sessions: 5 } }, b.test: }\n");
  CHECK(problems_of(reading).empty());
  const PriceFile::Set& own = reading.prices.domains.at("a.test").prices;
  CHECK_FALSE(own.messages);
  CHECK(own.sessions == "5");
  CHECK(own.p95 == "3");
  CHECK_FALSE(reading.prices.domains.at("a.test").packs);
  CHECK(reading.prices.domains.at("b.test").prices == reading.prices.common);
  CHECK(mentions(problems_of("domains: { \"a b\": {} }\n"), "domains.a b"));
  CHECK(mentions(problems_of("domains: { a.test: {}, A.test: {} }\n"), "twice"));
  CHECK(mentions(problems_of("domains: [a.test]\n"), "must be a map"));
}

TEST_CASE("price file: a file that cannot be read is a problem") {
  CHECK(mentions(problems_of(read_price_file("/nowhere/prices.yaml")), "cannot be read: No such"));
  CHECK(mentions(problems_of(read_price_file("/dev/null")), "not a regular file"));
  CHECK_FALSE(read_price_file("/").ok());
}

TEST_CASE("price file: the example, cut or spoilt anywhere, is read or refused") {
  std::ifstream in(WEIR_SOURCE_DIR "/conf/prices.yaml");
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  REQUIRE(text.size() > 1000);
  for (size_t i = 0; i < text.size(); i += 5) {
    const PriceFileReading cut = read_price_text(text.substr(0, i), "p.yaml");
    CHECK((cut.ok() || !cut.problems.empty()));
    std::string spoilt = text;
    spoilt[i] = "-:{[\"9\xff"[i / 5 % 7];
    for (const PriceFile::Tier& tier : read_price_text(spoilt, "p.yaml").prices.common.traffic) {
      CHECK(tier.price.find_first_not_of("0123456789.") == std::string::npos);
    }
  }
}
