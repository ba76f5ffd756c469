#include <string>

#include <doctest/doctest.h>

#include "gateway/usage/ledger/ledger.h"
#include "proto/base/calendar.h"
#include "tests/gateway/cli/command.h"

using namespace tests;
using gateway::usage::Row;

namespace {

const std::string kPrices =
    "version: 1\ncurrency: { code: EUR }\n"
    "traffic: { tiers: [{ price: \"0.24\" }] }\n"
    "peak_bandwidth: { tiers: [{ price: 1 }] }\n";

// A gigabyte on the 3rd of October, in the ledger of the folder's configuration.
struct Place {
  Folder folder;
  std::string config = write_config(folder);
  std::string prices = folder.write("prices.yaml", kPrices);

  Place() {
    const std::string state = folder.file("state");
    std::filesystem::create_directories(state);
    auto ledger = gateway::usage::ledger::Ledger::open(gateway::usage::ledger::file_path(state));
    REQUIRE(ledger);
    Row row;
    row.key = {"node-1", "boot", "chat.example.com", *proto::parse_moment("2025-10-03T10:05", 0),
               0};
    row.totals[gateway::usage::Field::client_bytes_out] = 1'000'000'000;
    row.complete = true;
    REQUIRE_FALSE(ledger->write({.rows = {&row, 1}, .node = {}, .boot = {}, .records = {}}));
  }

  Done bill(std::vector<std::string> more) const {
    std::vector<std::string> words = {"bill", "-c", config, "--prices", prices};
    words.insert(words.end(), more.begin(), more.end());
    return weir(words);
  }
};

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("bill: a month of the ledger, as a table") {
  const Place place;
  const Done done = place.bill({"--month", "2025-10"});
  CHECK(done.err.empty());
  CHECK(done.code == 0);
  CHECK(done.out.starts_with("Bill, 2025-10-01T00:00Z to 2025-11-01T00:00Z, in EUR\n"));
  CHECK(contains(done.out, "0.24          0.24\n"));
  CHECK(contains(done.out, "743 of 744 hours have no recorded usage"));
}

TEST_CASE("bill: a period, a mode and a format of one's own") {
  const Place place;
  const Done done =
      place.bill({"--from", "2025-10-03", "--to", "2025-10-04T00:00:00Z", "--mode",
                  "peak_bandwidth", "--format", "json", "--domain", "CHAT.example.com"});
  CHECK(done.code == 0);
  CHECK(contains(done.out, "\"quantity\": \"26.666666666666666666667\""));
  CHECK(contains(done.out, "\"total\": \"26.67\""));
}

TEST_CASE("bill: what is wrong with the command line or the price file is said, exit 2") {
  const Place place;
  CHECK(place.bill({}).code == 2);
  CHECK(contains(place.bill({}).err, "name the period"));
  CHECK(place.bill({"--month", "2025-13"}).code == 2);
  CHECK(place.bill({"--month", "2025-10", "--from", "2025-10-01"}).code == 2);
  CHECK(place.bill({"--month", "2025-10", "--mode", "flat"}).code == 2);
  CHECK(place.bill({"--month", "2025-10", "--format", "xml"}).code == 2);
  CHECK(place.bill({"--from", "yesterday", "--to", "2025-10-01"}).code == 2);
  place.folder.write("prices.yaml", kPrices + "p95: { price: -1 }\n");
  const Done done = place.bill({"--month", "2025-10"});
  CHECK(done.code == 2);
  CHECK(contains(done.err, "prices.yaml:5:15: p95.price: "));
  CHECK(done.out.empty());
}

TEST_CASE("bill: what cannot be billed is said, exit 1") {
  const Place place;
  const Done price = place.bill({"--month", "2025-10", "--mode", "p95"});
  CHECK(price.code == 1);
  CHECK(contains(price.err, "no price of p95"));
  const Done ledger =
      place.bill({"--month", "2025-10", "--state-dir", place.folder.file("nowhere")});
  CHECK(ledger.code == 1);
  CHECK(contains(ledger.err, "there is no ledger here"));
  const Done misspelt = place.bill({"--month", "2025-10", "--domain", "chat.exmaple.com"});
  CHECK(misspelt.code == 1);
  CHECK(misspelt.out.empty());
  CHECK(contains(misspelt.err, "no usage of a domain 'chat.exmaple.com' in the period"));
  const Done fleet = place.bill({"--month", "2025-10", "--from-postgres"});
  CHECK(fleet.code != 0);
  CHECK(contains(fleet.err, "usage.postgres"));
}
