#include "gateway/billing/bill.h"

#include <nlohmann/json.hpp>

#include "tests/gateway/billing/billing.h"

using namespace gateway::billing;
using namespace gateway::usage;
using gateway::usage::answers::Format;
using namespace tests;
using Lines = std::vector<std::string>;

namespace {

const std::string kTraffic = "traffic: { tiers: [{ price: \"0.24\" }] }\n";
const std::string kPeak =
    "peak_bandwidth: { tiers: [{ up_to: 500Mbps, price: \"0.60\" }, { price: \"0.50\" }] }\n";

// Bytes in a bucket that are so many Mbit/s: 10^6 / 8 * 300.
constexpr uint64_t kMbit = 37'500'000;

BillRequest of_day(BillMode mode) {
  BillRequest request = october();
  request.to = request.from + kDay;
  request.mode = mode;
  return request;
}

BillRequest of_month(BillMode mode) {
  BillRequest request = october();
  request.mode = mode;
  return request;
}

std::string error_of(const std::string& prices, const BillRequest& request) {
  MemoryRows rows;
  const auto bill = make_bill(rows, prices_of(prices), request);
  return bill ? "" : bill.error();
}

// Every line of a table, without the newline.
std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> out;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    out.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

}  // namespace

TEST_CASE("bill: the peak of 288 samples may be in the last bucket of the day") {
  MemoryRows rows;
  for (int i = 0; i < 287; ++i) rows.add("a.test", at("2026-10-01") + i * kBucketSeconds, kMbit);
  rows.add("a.test", at("2026-10-01T23:55"), 100 * kMbit);
  rows.add("a.test", at("2026-10-02"), 900 * kMbit);
  const Bill bill = bill_of(rows, kPeak, of_day(BillMode::peak_bandwidth));
  CHECK(lines_of(bill.domains[0]) ==
        Lines{"peak 2026-10-01 at 23:55, up to 500 Mbit/s: 100 Mbit/s x 0.6 = 60.00"});
  CHECK(bill.domains[0].notes.empty());
}

TEST_CASE("bill: a day of few buckets counts the missing ones as 0, and says so") {
  MemoryRows rows;
  rows.add("a.test", at("2026-10-03T12:00"), 3 * kMbit);
  const Bill bill = bill_of(rows, kPeak, of_month(BillMode::peak_bandwidth));
  REQUIRE(bill.domains[0].lines.size() == 31);
  CHECK(bill.total.print(2) == "1.80");
  CHECK(bill.domains[0].lines[0].amount.is_zero());
  CHECK(has_note(bill.domains[0].notes, "31 of 31 days have fewer than 288 recorded buckets"));
}

TEST_CASE("bill: a peak beyond a tier is priced whole by the tier it reaches, or each part") {
  for (const auto& [bytes, amount] : {std::pair<uint64_t, const char*>{500 * kMbit, "300.00"},
                                      {500 * kMbit + 1, "250.00"},
                                      {600 * kMbit, "300.00"}}) {
    MemoryRows rows;
    rows.add("a.test", at("2026-10-01"), bytes);
    CHECK(bill_of(rows, kPeak, of_day(BillMode::peak_bandwidth)).total.print(2) == amount);
  }
  MemoryRows rows;
  rows.add("a.test", at("2026-10-01"), 600 * kMbit);
  const Bill bill =
      bill_of(rows,
              "peak_bandwidth: { tiering: graduated, tiers: [{ up_to: 500Mbps, price: \"0.60\" }, "
              "{ price: \"0.50\" }] }\n",
              of_day(BillMode::peak_bandwidth));
  CHECK(bill.domains[0].lines.size() == 2);
  CHECK(bill.total.print(2) == "350.00");
}

TEST_CASE("bill: bandwidth is of all nodes together") {
  MemoryRows rows;
  rows.add("a.test", at("2026-10-01"), 2 * kMbit);
  rows.add("a.test", at("2026-10-01"), 3 * kMbit).key.node = "other";
  CHECK(bill_of(rows, kPeak, of_day(BillMode::peak_bandwidth)).total.print(2) == "3.00");
}

TEST_CASE("bill: the 95th percentile of 8,928 samples is the 8,482nd smallest") {
  // Values 1 to 8,928 Mbit/s, in an order that is not theirs: 5 and 8,928 have no common factor.
  MemoryRows rows;
  for (uint64_t i = 0; i < 8928; ++i) {
    rows.add("a.test", at("2026-10-01") + static_cast<int64_t>(i) * kBucketSeconds,
             (i * 5 % 8928 + 1) * kMbit);
  }
  const std::string price = "p95: { price: \"0.01\" }\n";
  const Bill full = bill_of(rows, price, of_month(BillMode::p95));
  CHECK(lines_of(full.domains[0]) ==
        Lines{"95th percentile of 2026-10: 8482 Mbit/s x 0.01 = 84.82"});
  CHECK(full.domains[0].notes.empty());

  // The 446 highest are free; with 446 buckets in use all of them are, with 447 the lowest counts.
  for (const int used : {446, 447}) {
    MemoryRows few;
    for (int i = 0; i < used; ++i) {
      few.add("a.test", at("2026-10-05") + i * kBucketSeconds, 100 * kMbit);
    }
    const Bill bill = bill_of(few, price, of_month(BillMode::p95));
    CHECK(bill.total.print(2) == (used == 446 ? "0.00" : "1.00"));
    CHECK(has_note(bill.domains[0].notes, "of 8928 buckets have no recorded usage"));
  }
}

TEST_CASE("bill: the total is the sum of the rounded lines, so that it adds up on paper") {
  // Each line is 0.005 and goes to the even 0.00; together they would have been 0.01.
  MemoryRows rows;
  rows.add("a.test", at("2026-10-01"), 0).totals[Field::sessions_ws] = 1'000'000;
  rows.add("a.test", at("2026-10-01"), 0).totals[Field::text_messages_in] = 1'000'000;
  const Bill bill =
      bill_of(rows, kTraffic + "per_million: { messages: \"0.005\", sessions: \"0.005\" }\n");
  Decimal sum;
  for (const BillLine& line : bill.domains[0].lines) sum += line.amount;
  CHECK(bill.domains[0].total == sum);
  CHECK(bill.total.print(2) == "0.00");

  MemoryRows two;
  two.add("a.test", at("2026-10-01"), kGb);
  two.add("b.test", at("2026-10-01"), 2 * kGb);
  const Bill tenths = bill_of(two, "traffic: { tiers: [{ price: \"0.1\" }] }\n");
  CHECK(tenths.total == *Decimal::parse("0.3"));
}

TEST_CASE("bill: messages, units, minutes and sessions have prices per million") {
  MemoryRows rows;
  Totals& totals = rows.add("a.test", at("2026-10-09"), 0).totals;
  totals[Field::text_messages_in] = 400'000;
  totals[Field::binary_messages_out] = 600'000;
  totals[Field::units_2k_in] = 1'500'000;
  totals[Field::units_32k_out] = 2'000'000;
  totals[Field::connection_milliseconds] = 60'000 * 3'000'000ULL;
  totals[Field::sessions_ws] = 1'000'000;
  totals[Field::sessions_wss] = 3'000'000;
  const Bill bill = bill_of(rows, kTraffic +
                                      "per_million: { messages: 1, message_units_2k: 2, "
                                      "message_units_32k: 3, connection_minutes: \"0.25\", "
                                      "sessions: \"0.1\" }\n");
  CHECK(lines_of(bill.domains[0]) ==
        Lines{"traffic 2026-10, any: 0 GB x 0.24 = 0.00", "messages: 1 million x 1 = 1.00",
              "message units of 2 KiB: 1.5 million x 2 = 3.00",
              "message units of 32 KiB: 2 million x 3 = 6.00",
              "connection minutes: 3 million x 0.25 = 0.75", "sessions: 4 million x 0.1 = 0.40"});
}

TEST_CASE("bill: the overhead is a line of its own, and charged only if the price file says so") {
  MemoryRows rows;
  rows.add("a.test", at("2026-10-09"), 100 * kGb);
  BillRequest request = october();
  request.configured["a.test"].overhead_percent = 7.5;
  const Bill shown = bill_of(rows, kTraffic, request);
  CHECK(lines_of(shown.domains[0]) ==
        Lines{"traffic 2026-10, any: 100 GB x 0.24 = 24.00",
              "overhead of TCP/IP, 7.5 % of the above: 7.5 GB x - = 0.00"});
  const Bill charged = bill_of(rows, kTraffic + "charge_overhead: true\n", request);
  CHECK(charged.domains[0].lines[1].amount.print(2) == "1.80");
  CHECK(charged.total.print(2) == "25.80");
}

TEST_CASE("bill: says which hours have no rows and which buckets are open") {
  MemoryRows rows;
  rows.add("a.test", at("2026-11-20T10:00"), kGb);
  for (int i = 0; i < 3; ++i) {
    rows.add("a.test", at("2026-11-20T11:00") + i * kBucketSeconds, 0).complete = false;
  }
  BillRequest request = october();
  request.from = at("2026-11-01");
  request.to = at("2026-12-01");
  request.now = at("2026-11-20T11:12");
  const Bill bill = bill_of(rows, kTraffic, request);
  CHECK_FALSE(bill.final);
  CHECK(has_note(bill.domains[0].notes,
                 "not final: 3 buckets of today are still open, the first "
                 "of 2026-11-20T11:00Z"));
  // 19 days and 12 begun hours, of which two have rows.
  CHECK(has_note(bill.domains[0].notes, "466 of 468 hours have no recorded usage: they count 0"));
  CHECK(has_note(bill.notes, "an estimate: the period ends at 2026-12-01T00:00Z"));
  CHECK(split(print_bill(bill, Format::table))[0].starts_with("Estimate, 2026-11-01T00:00Z to"));
}

TEST_CASE("bill: of a period that is over, an open bucket alone keeps it from being final") {
  MemoryRows rows;
  rows.add("a.test", at("2026-10-31T23:55"), kGb).complete = false;
  const Bill bill = bill_of(rows, kTraffic);
  CHECK_FALSE(bill.final);
  CHECK(has_note(bill.domains[0].notes, "not final: 1 bucket is still open"));
}

TEST_CASE("bill: the percentile of a month that is not over is of the buckets that have begun") {
  MemoryRows rows;
  for (int i = 0; i < 20; ++i) {
    rows.add("a.test", at("2026-10-01") + i * kBucketSeconds, static_cast<uint64_t>(i + 1) * kMbit);
  }
  BillRequest request = of_month(BillMode::p95);
  request.now = at("2026-10-01T01:36");
  const Bill bill = bill_of(rows, "p95: { price: 1 }\n", request);
  CHECK(bill.total.print(2) == "19.00");
  CHECK_FALSE(bill.final);
}

TEST_CASE("bill: each domain by its own mode and prices; without usage it costs nothing") {
  MemoryRows rows;
  rows.add("a.test", at("2026-10-09"), kGb);
  rows.add("gone.test", at("2026-10-09"), kGb);
  rows.add("_unmatched", at("2026-10-09"), 0);
  rows.add("b.test", at("2026-10-09"), kMbit);
  BillRequest request = october();
  request.configured["b.test"].billing = gateway::config::DomainUsage::Billing::peak_bandwidth;
  request.configured["idle.test"] = {};
  const Bill bill = bill_of(
      rows, kTraffic + kPeak + "domains: { a.test: { traffic: { tiers: [{ price: 5 }] } } }\n",
      request);
  REQUIRE(bill.domains.size() == 4);
  CHECK(bill.domains[0].total.print(2) == "5.00");
  CHECK(bill.domains[1].mode == BillMode::peak_bandwidth);
  CHECK(bill.domains[1].total.print(2) == "0.60");
  CHECK(bill.domains[2].domain == "gone.test");
  CHECK(has_note(bill.domains[2].notes, "not in the configuration"));
  CHECK(bill.domains[3].domain == "idle.test");
  CHECK(bill.domains[3].total.is_zero());
  CHECK(bill.total.print(2) == "5.84");
}

TEST_CASE("bill: refuses what it cannot bill, and says why") {
  CHECK(error_of(kTraffic, of_day(BillMode::p95)).find("no price of p95") != std::string::npos);
  const std::string p95 = "p95: { price: 1 }\n";
  CHECK(error_of(p95, of_day(BillMode::p95)).find("whole months") != std::string::npos);
  BillRequest request = of_day(BillMode::peak_bandwidth);
  request.to += kHour;
  CHECK(error_of(kPeak, request).find("whole days, and 2026-10-02T01:00Z") != std::string::npos);
  request = of_day(BillMode::peak_bandwidth);
  CHECK(error_of(kPeak + "day_begins: \"+08:00\"\n", request).find("08:00+08:00") !=
        std::string::npos);
  request = of_day(BillMode::traffic);
  request.from += kBucketSeconds;
  CHECK(error_of(kTraffic, request).find("whole hours") != std::string::npos);
  request.to = request.from;
  CHECK(error_of(kTraffic, request) == "the period has no length");
  request = october();
  request.now = request.from - 1;
  CHECK(error_of(kTraffic, request) == "the period has not begun");
  request = october();
  request.configured.clear();
  CHECK(error_of(kTraffic, request).find("no domain to bill") != std::string::npos);
}

TEST_CASE("bill: rows that cannot be read, or cannot be true, are no bill") {
  MemoryRows rows;
  rows.trouble = "the ledger is locked";
  const Prices prices = prices_of(kTraffic);
  CHECK(make_bill(rows, prices, october()).error() == "the ledger is locked");
  rows.trouble.clear();
  rows.add("a.test", at("2026-10-01"), ~uint64_t{0});
  rows.add("a.test", at("2026-10-02"), 1);
  CHECK(make_bill(rows, prices, october()).error().find("too large") != std::string::npos);
}

TEST_CASE("bill: the table fits into 100 columns and says everything") {
  MemoryRows rows;
  rows.add("a.test", at("2026-10-09"), 12'345'678'901'234);
  const Bill bill = bill_of(rows, kTraffic + "packs: [{ name: " + std::string(64, 'n') +
                                      ", gb: 7, from: 2026-10-01, to: 2026-11-01 }]\n"
                                      "per_million: { messages: \"0.123456789012\" }\n");
  const std::string table = print_bill(bill, Format::table);
  for (const std::string& line : split(table)) CHECK(line.size() <= 100);
  CHECK(
      table.starts_with("Bill, 2026-10-01T00:00Z to 2026-11-01T00:00Z, in USD\n\n"
                        "a.test, by traffic, direction out\n"));
  CHECK(table.find("12338.678901234 GB              0.24       2961.28\n") != std::string::npos);
  CHECK(table.find("used before 0, now 7, left 0 GB\n") != std::string::npos);
  CHECK(table.find("743 of 744 hours have no recorded usage") != std::string::npos);
}

TEST_CASE("bill: csv and json hold amounts as text, with the exact value beside") {
  MemoryRows rows;
  rows.add("a.test", at("2026-10-09"), 12'345'678'901);
  const Bill bill = bill_of(rows, kTraffic);
  CHECK(print_bill(bill, Format::csv) ==
        "domain,mode,begin,item,quantity,unit,price,exact,amount,currency,final\n"
        "a.test,traffic,2026-10-01T00:00Z,\"traffic 2026-10, any\",12.345678901,GB,0.24,"
        "2.96296293624,2.96,USD,true\n"
        "a.test,traffic,2026-10-01T00:00Z,total,,,,,2.96,USD,true\n");
  const auto json = nlohmann::json::parse(print_bill(bill, Format::json));
  CHECK(json["total"] == "2.96");
  CHECK(json["final"] == true);
  CHECK(json["domains"][0]["lines"][0]["exact"] == "2.96296293624");
  CHECK(json["domains"][0]["lines"][0]["quantity"] == "12.345678901");
  CHECK(json["domains"][0]["direction"] == "out");
}
