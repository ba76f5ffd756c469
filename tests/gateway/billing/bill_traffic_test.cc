#include "gateway/billing/bill_traffic.h"

#include "tests/gateway/billing/billing.h"

using namespace gateway::billing;
using namespace gateway::usage;
using namespace tests;
using Lines = std::vector<std::string>;

namespace {

const std::string kFlat = "traffic: { tiers: [{ price: \"0.24\" }] }\n";
const std::string kTiers =
    "traffic: { tiers: [{ up_to: 100GB, price: \"0.24\" }, { up_to: 1TB, price: \"0.20\" }, "
    "{ price: \"0.10\" }] }\n";

std::string pack(const std::string& name, int gb, const std::string& from, const std::string& to) {
  return "{ name: " + name + ", gb: " + std::to_string(gb) + ", from: " + from + ", to: " + to +
         " }";
}

}  // namespace

TEST_CASE("traffic bill: bytes times the price, rounded once at the line") {
  MemoryRows rows;
  rows.add("a.test", at("2026-10-01"), 1);
  rows.add("a.test", at("2026-10-31T23:55"), 12'345'678'900);
  const Bill bill = bill_of(rows, kFlat);
  // 12.345678901 * 0.24 = 2.96296293624
  CHECK(lines_of(bill.domains[0]) == Lines{"traffic 2026-10, any: 12.345678901 GB x 0.24 = 2.96"});
  CHECK(bill.domains[0].lines[0].exact == *Decimal::parse("2.96296293624"));
  CHECK(bill.total.print(2) == "2.96");
  CHECK(bill.final);
}

TEST_CASE("traffic bill: what is outside of the period is not in it") {
  MemoryRows rows;
  rows.add("a.test", at("2026-09-30T23:55"), 5 * kGb);
  rows.add("a.test", at("2026-10-01"), kGb);
  rows.add("a.test", at("2026-11-01"), 7 * kGb);
  CHECK(bill_of(rows, kFlat).total.print(2) == "0.24");
}

TEST_CASE("traffic bill: an hour that straddles a tier's edge is divided at the byte") {
  MemoryRows rows;
  rows.add("a.test", at("2026-10-02T10:00"), 90 * kGb);
  rows.add("a.test", at("2026-10-02T11:05"), 6 * kGb);
  rows.add("a.test", at("2026-10-02T11:50"), 24 * kGb);
  CHECK(lines_of(bill_of(rows, kTiers).domains[0]) ==
        Lines{"traffic 2026-10, up to 100 GB: 100 GB x 0.24 = 24.00",
              "traffic 2026-10, up to 1 TB: 20 GB x 0.2 = 4.00"});
}

TEST_CASE("traffic bill: one hour may go through all tiers") {
  MemoryRows rows;
  rows.add("a.test", at("2026-10-02T10:00"), 1500 * kGb);
  CHECK(lines_of(bill_of(rows, kTiers).domains[0]) ==
        Lines{"traffic 2026-10, up to 100 GB: 100 GB x 0.24 = 24.00",
              "traffic 2026-10, up to 1 TB: 900 GB x 0.2 = 180.00",
              "traffic 2026-10, above 1 TB: 500 GB x 0.1 = 50.00"});
}

TEST_CASE("traffic bill: a byte below, at and above a tier's edge") {
  for (const auto& [bytes, lines] :
       {std::pair<uint64_t, size_t>{100 * kGb - 1, 1}, {100 * kGb, 1}, {100 * kGb + 1, 2}}) {
    MemoryRows rows;
    rows.add("a.test", at("2026-10-02"), bytes);
    const Bill bill = bill_of(rows, kTiers);
    CAPTURE(bytes);
    CHECK(bill.domains[0].lines.size() == lines);
    CHECK(bill.total.print(2) == "24.00");
  }
  MemoryRows rows;
  rows.add("a.test", at("2026-10-02"), 100 * kGb + 1);
  const Bill bill = bill_of(rows, kTiers);
  CHECK(bill.domains[0].lines[1].exact == *Decimal::parse("0.0000000002"));
}

TEST_CASE("traffic bill: tiers begin anew with each month, and go on from before the period") {
  MemoryRows rows;
  rows.add("a.test", at("2026-09-30T12:00"), 150 * kGb);
  rows.add("a.test", at("2026-10-01"), 80 * kGb);
  BillRequest request = october();
  request.from = at("2026-09-30");
  CHECK(lines_of(bill_of(rows, kTiers, request).domains[0]) ==
        Lines{"traffic 2026-09, up to 100 GB: 100 GB x 0.24 = 24.00",
              "traffic 2026-09, up to 1 TB: 50 GB x 0.2 = 10.00",
              "traffic 2026-10, up to 100 GB: 80 GB x 0.24 = 19.20"});

  rows.add("a.test", at("2026-10-15"), 30 * kGb);
  request.from = at("2026-10-15");
  const Bill late = bill_of(rows, kTiers, request);
  CHECK(lines_of(late.domains[0]) == Lines{"traffic 2026-10, up to 100 GB: 20 GB x 0.24 = 4.80",
                                           "traffic 2026-10, up to 1 TB: 10 GB x 0.2 = 2.00"});
  CHECK(has_note(late.domains[0].notes, "80 GB before the period count for its tiers"));
}

TEST_CASE(
    "traffic bill: a pack that ends in mid-month pays until it ends, one that starts then "
    "follows") {
  MemoryRows rows;
  rows.add("a.test", at("2026-10-14T23:55"), 10 * kGb);  // the first pack
  rows.add("a.test", at("2026-10-15T00:00"), 20 * kGb);  // between the packs
  rows.add("a.test", at("2026-10-20T00:00"), 70 * kGb);  // 50 by the second one
  const Bill bill =
      bill_of(rows, kTiers + "packs: [" + pack("early", 100, "2026-10-01", "2026-10-15") + ", " +
                        pack("late", 50, "2026-10-20", "2026-12-01") + "]\n");
  CHECK(lines_of(bill.domains[0]) == Lines{"traffic 2026-10, pack early: 10 GB x - = 0.00",
                                           "traffic 2026-10, pack late: 50 GB x - = 0.00",
                                           "traffic 2026-10, up to 100 GB: 40 GB x 0.24 = 9.60"});
  REQUIRE(bill.packs.size() == 2);
  CHECK(bill.packs[0].left == 90 * kGb);
  CHECK(bill.packs[1].left == 0);
  CHECK(bill.packs[1].used == 50 * kGb);
}

TEST_CASE("traffic bill: the pack that ends first is used first, within one hour too") {
  MemoryRows rows;
  rows.add("a.test", at("2026-10-03"), 35 * kGb);
  const Bill bill =
      bill_of(rows, kFlat + "packs: [" + pack("long", 20, "2026-01-01", "2027-01-01") + ", " +
                        pack("short", 10, "2026-10-01", "2026-11-01") + "]\n");
  REQUIRE(bill.packs.size() == 2);
  CHECK(bill.packs[0].pack.name == "short");
  CHECK(bill.packs[0].left == 0);
  CHECK(bill.packs[1].left == 0);
  CHECK(bill.total.print(2) == "1.20");  // 5 GB
}

TEST_CASE("traffic bill: what a pack paid before the period is gone") {
  MemoryRows rows;
  rows.add("a.test", at("2026-09-20"), 60 * kGb);
  rows.add("a.test", at("2026-10-20"), 60 * kGb);
  const std::string prices =
      kFlat + "packs: [" + pack("autumn", 100, "2026-09-15", "2026-12-01") + "]\n";
  const Bill bill = bill_of(rows, prices);
  CHECK(bill.packs[0].used_before == 60 * kGb);
  CHECK(bill.packs[0].used == 40 * kGb);
  CHECK(bill.total.print(2) == "4.80");
  CHECK(has_note(bill.notes,
                 "pack autumn is taken as unused from 2026-09-15T00:00Z to "
                 "2026-09-20T00:00Z: no usage is recorded"));
}

TEST_CASE("traffic bill: what a pack has paid does not go up the tiers") {
  MemoryRows rows;
  rows.add("a.test", at("2026-10-03"), 150 * kGb);
  rows.add("a.test", at("2026-10-04"), 60 * kGb);
  const Bill bill =
      bill_of(rows, kTiers + "packs: [" + pack("p", 150, "2026-10-01", "2026-11-01") + "]\n");
  CHECK(bill.domains[0].lines.back().text == "traffic 2026-10, up to 100 GB");
  CHECK(bill.total.print(2) == "14.40");
}

TEST_CASE("traffic bill: domains share a pack whether or not both are on the bill") {
  MemoryRows rows;
  rows.add("b.test", at("2026-10-03"), 8 * kGb);
  rows.add("a.test", at("2026-10-04"), 8 * kGb);
  const std::string prices = kFlat + "packs: [" + pack("p", 10, "2026-10-01", "2026-11-01") + "]\n";
  BillRequest request = october();
  request.domains = {"a.test"};
  const Bill alone = bill_of(rows, prices, request);
  REQUIRE(alone.domains.size() == 1);
  CHECK(alone.total.print(2) == "1.44");  // 6 GB

  const Bill own = bill_of(rows, prices + "domains: { b.test: { packs: [] } }\n", request);
  CHECK(own.total.print(2) == "0.00");
  CHECK(own.packs[0].left == 2 * kGb);
}

TEST_CASE("traffic bill: both directions, if the domain is billed so") {
  MemoryRows rows;
  rows.add("a.test", at("2026-10-03"), 2 * kGb).totals[Field::client_bytes_in] = 3 * kGb;
  CHECK(bill_of(rows, kFlat).total.print(2) == "0.48");
  BillRequest request = october();
  request.configured["a.test"].direction = gateway::config::DomainUsage::Direction::both;
  CHECK(bill_of(rows, kFlat, request).total.print(2) == "1.20");
}

TEST_CASE("FY26 traffic bill: what was not delivered is deducted where the domain says so") {
  MemoryRows rows;
  rows.add("a.test", at("2026-10-03"), 2 * kGb);
  rows.add("a.test", at("2026-10-03T00:05"), kGb).totals[Field::client_undelivered_out] =
      1'500'000'000;
  rows.add("a.test", at("2026-10-04"), kGb);
  CHECK(bill_of(rows, kFlat).total.print(2) == "0.96");
  BillRequest request = october();
  request.configured["a.test"].deduct_undelivered = true;
  const Bill bill = bill_of(rows, kFlat, request);
  CHECK(bill.total.print(2) == "0.60");
  size_t told = 0;
  for (const std::string& note : bill.domains[0].notes)
    told += note.starts_with("1500000000 bytes that clients had not acknowledged") ? 1 : 0;
  CHECK(told == 1);
}

TEST_CASE("traffic bill: months begin where the price file says") {
  MemoryRows rows;
  rows.add("a.test", at("2026-09-30T15:55"), 5 * kGb);
  rows.add("a.test", at("2026-09-30T16:00"), kGb);
  rows.add("a.test", at("2026-10-31T15:55"), kGb);
  rows.add("a.test", at("2026-10-31T16:00"), 7 * kGb);
  BillRequest request = october();
  request.from -= 8 * kHour;
  request.to -= 8 * kHour;
  CHECK(lines_of(bill_of(rows, kFlat + "day_begins: \"+08:00\"\n", request).domains[0]) ==
        Lines{"traffic 2026-10, any: 2 GB x 0.24 = 0.48"});
}
