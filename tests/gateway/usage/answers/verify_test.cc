#include "gateway/usage/answers/verify.h"

#include <doctest/doctest.h>

#include "tests/gateway/usage/answers/made_rows.h"

using namespace tests;
using namespace gateway::usage;
using namespace gateway::usage::answers;
using gateway::usage::ledger::SessionRow;
using gateway::usage::meter::Remains;

namespace {

class Made final : public Evidence {
 public:
  proto::Result<std::vector<Remains>, std::string> meters() override {
    ++looks;
    if (!trouble.empty()) return proto::Unexpected{trouble};
    return looks > 1 && !later.empty() ? later : files;
  }
  std::string sessions(const std::function<void(const SessionRow&)>& each) override {
    for (const SessionRow& row : records) each(row);
    return {};
  }
  std::string rows(const std::function<void(const Row&)>& each) override {
    for (const Row& row : ledger) each(row);
    return {};
  }

  Row& add_row(uint64_t out, uint64_t sessions = 0, int64_t bucket = kTen) {
    Row& row = ledger.emplace_back();
    row.key = {"n1", "b1", "a", bucket, 0};
    row.totals[Field::client_bytes_out] = out;
    row.totals[Field::sessions_ws] = sessions;
    return row;
  }
  // A worker's slot in a file of its own.
  Row& add_slot(uint64_t out, int64_t bucket = kTen) {
    Remains& file = files.emplace_back();
    file.path = "b1-" + std::to_string(files.size() - 1) + ".meters";
    file.of = {"n1", "b1", files.size() - 1};
    Row& row = file.rows.emplace_back();
    row.key = {"n1", "b1", "a", bucket, 0};
    row.totals[Field::client_bytes_out] = out;
    return row;
  }
  Record& add_record(uint64_t out, Record::Kind kind = Record::Kind::stop) {
    SessionRow& row = records.emplace_back();
    row.node = "n1";
    row.boot = "b1";
    row.record.kind = kind;
    row.record.domain = "a";
    row.record.opened_ms = kTen * 1000;
    row.record.totals[Field::client_bytes_out] = out;
    return row.record;
  }
  Verification result(int64_t kept_since = 0) {
    looks = 0;
    auto verified = verify(*this, kept_since);
    REQUIRE(verified.has_value());
    return *verified;
  }

  std::vector<Remains> files;
  std::vector<Remains> later;  // from the second look on
  std::vector<SessionRow> records;
  std::vector<Row> ledger;
  std::string trouble;
  int looks = 0;
};

bool notes(const Verification& verification, std::string_view word) {
  for (const std::string& note : verification.notes) {
    if (note.find(word) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("verify: a boot that is over has records that are equal to its rows") {
  Made made;
  made.add_row(60, 2);
  made.add_row(40, 0, kTen + 300);
  made.add_record(70);
  made.add_record(30);
  const Verification verified = made.result();
  CHECK(verified.differences_found == 0);
  CHECK(verified.exact == 1);
  CHECK(verified.rows == 2);
  CHECK(verified.sessions == 2);
  CHECK(to_text(verified) ==
        "verified: 2 rows of the ledger, 0 of them with slots of 0 meter files; 2 session records, "
        "those of 1 boots and domains to the byte, of 0 as a lower bound; 0 differences\n");
}

TEST_CASE("verify: a byte more in the ledger, or in the records, is told with both figures") {
  Made made;
  made.add_row(101, 1);
  made.add_record(100);
  Verification verified = made.result();
  REQUIRE(verified.differences_found == 1);
  CHECK(verified.differences[0].ledger == 101);
  CHECK(verified.differences[0].records == 100);
  CHECK(to_text(verified).starts_with(
      "difference: node=n1 boot=b1 domain=a field=client_bytes_out ledger=101 records=100: every "
      "session has ended, but the ledger has more\nNOT verified: "));
  made.ledger[0].totals[Field::client_bytes_out] = 99;
  verified = made.result();
  REQUIRE(verified.differences_found == 1);
  CHECK(verified.differences[0].why == "session records have more than the ledger");
}

TEST_CASE("verify: open sessions, and those of a killed boot, are behind and may be") {
  Made made;
  made.add_row(100, 2);
  made.add_record(50);
  made.add_record(20, Record::Kind::interim);
  const Verification verified = made.result();
  CHECK(verified.differences_found == 0);
  CHECK(verified.bounded == 1);
  CHECK(notes(verified, "1 sessions have no stop record"));
  made.add_record(31, Record::Kind::start);
  CHECK(made.result().differences_found == 2);  // bytes, and the number of sessions
}

TEST_CASE("verify: the numbers of plain requests are held against the meters like all others") {
  for (const std::string name : {"http_requests", "http_exchange_milliseconds", "client_http_out",
                                 "http_answers.200", "http_answers.other"}) {
    CAPTURE(name);
    const size_t place = *number_place(name);
    Made made;
    number_at(made.add_row(0).totals, place) = 8;
    made.ledger[0].totals[Field::http_requests] = 8;
    number_at(made.add_slot(0).totals, place) = 8;
    made.files[0].rows[0].totals[Field::http_requests] = 8;
    CHECK(made.result().differences_found == 0);
    number_at(made.files[0].rows[0].totals, place) = 7;
    const Verification found = made.result();
    REQUIRE(found.differences_found == 1);
    CHECK(found.differences[0].number == name);
    CHECK(found.differences[0].meters == 7);
    CHECK(found.differences[0].ledger == 8);
  }
}

TEST_CASE("verify: a complete row has no more answers to plain requests than requests") {
  Made made;
  Row& row = made.add_row(0);
  row.totals[Field::http_requests] = 3;
  row.totals.http_answers[0] = 2;
  row.totals.http_answers.back() = 1;
  row.complete = true;
  CHECK(made.result().differences_found == 0);
  // Where a process was killed between the one and the other.
  made.ledger[0].totals[Field::http_requests] = 4;
  CHECK(made.result().differences_found == 0);
  made.ledger[0].totals[Field::http_requests] = 2;
  const Verification found = made.result();
  REQUIRE(found.differences_found == 1);
  CHECK(found.differences[0].number == "http_answers");
  made.ledger[0].complete = false;  // it may have been read in between
  CHECK(made.result().differences_found == 0);
}

TEST_CASE("verify: handshakes may be of refused upgrades, so they are bounded and not equal") {
  Made made;
  made.add_row(0, 1).totals[Field::client_handshake_in] = 500;
  made.add_record(0).totals[Field::client_handshake_in] = 400;
  CHECK(made.result().differences_found == 0);
  made.records[0].record.totals[Field::client_handshake_in] = 501;
  CHECK(made.result().differences_found == 1);
}

TEST_CASE("verify: slots of all workers together are at least their row") {
  Made made;
  made.add_row(100);
  made.add_slot(60);
  made.add_slot(50);
  Verification verified = made.result();
  CHECK(verified.differences_found == 0);
  CHECK(verified.slots_compared == 1);
  CHECK(verified.meter_files == 2);
  CHECK(notes(verified, "ahead of the ledger"));
  made.ledger[0].totals[Field::client_bytes_out] = 111;
  verified = made.result();
  REQUIRE(verified.differences_found == 1);
  CHECK(to_text(verified).starts_with(
      "difference: node=n1 boot=b1 domain=a bucket=2026-11-22T10:00:00Z field=client_bytes_out "
      "meters=110 ledger=111: the ledger has more than was metered\n"));
}

TEST_CASE("verify: a row that is complete is exactly what was metered") {
  Made made;
  made.add_row(110).complete = true;
  made.add_slot(110);
  CHECK(made.result().differences_found == 0);
  made.files[0].rows[0].totals[Field::client_bytes_out] = 111;
  CHECK(made.result().differences_found == 1);
}

TEST_CASE("verify: a slot that is not in the ledger yet counts for the records") {
  Made made;
  Row& slot = made.add_slot(100);
  slot.totals[Field::sessions_ws] = 1;
  made.add_record(90, Record::Kind::interim);
  const Verification verified = made.result();
  CHECK(verified.differences_found == 0);
  CHECK(notes(verified, "1 meter slots are ahead"));
  made.records[0].record.totals[Field::client_bytes_out] = 101;
  CHECK(made.result().differences_found == 1);
}

TEST_CASE("verify: a running Weir goes on while it is looked at") {
  Made made;
  made.add_row(100, 1).complete = true;
  made.add_slot(100).totals[Field::sessions_ws] = 1;
  made.add_record(90, Record::Kind::interim);
  made.later = made.files;
  SUBCASE("a slot that was given back") { made.later[0].rows.clear(); }
  SUBCASE("a slot that is new") {
    Row row;
    row.key = {"n1", "b1", "a", kTen + 300, 0};
    row.totals[Field::client_bytes_out] = 5000;
    made.later[0].rows.push_back(row);
  }
  CHECK(made.result().differences_found == 0);
}

TEST_CASE("verify: fewer records than sessions are explained, as is a boot that is pruned") {
  Made made;
  made.add_row(100, 5);
  made.add_record(10);
  Verification verified = made.result();
  CHECK(verified.differences_found == 0);
  CHECK(notes(verified, "fewer session records than sessions"));
  made.records[0].record.totals[Field::client_bytes_out] = 1000;
  CHECK(made.result().differences_found == 1);
  verified = made.result(kTen + 1);
  CHECK(verified.differences_found == 0);
  CHECK(notes(verified, "before what usage.keep keeps"));
}

TEST_CASE("verify: a damaged meter file is a difference, and what cannot be read an error") {
  Made made;
  made.files.emplace_back().damage = "half of a slot";
  const Verification verified = made.result();
  CHECK(verified.differences_found == 1);
  CHECK(to_text(verified).find("damaged: half of a slot") != std::string::npos);
  made.trouble = "no such folder";
  CHECK(verify(made, 0).error() == "no such folder");
}

TEST_CASE("verify: the list of differences is bounded") {
  Made made;
  for (int i = 0; i < 2000; ++i) {
    made.add_row(2, 0, kTen + 300 * i).complete = true;
    made.add_slot(1, kTen + 300 * i);
  }
  const Verification verified = made.result();
  CHECK(verified.differences_found == 2000);
  CHECK(verified.differences.size() == Verification::kMostDifferences);
  CHECK(to_text(verified).find("and 1000 differences more\n") != std::string::npos);
}

TEST_CASE("FX22 verify: a second file of a worker is a difference, and counts once") {
  Made made;
  made.add_row(60).complete = true;
  made.add_slot(60);
  made.files.push_back(made.files[0]);
  made.files[1].path = "copy.meters";
  const Verification verified = made.result();
  REQUIRE(verified.differences_found == 1);
  CHECK(verified.differences[0].why.find("b1-0.meters and copy.meters") != std::string::npos);
}

TEST_CASE("FY31 verify: names are printed as a terminal may show them") {
  Made made;
  made.add_row(1, 1).key.domain = "a\x1b[2J\nb";
  made.add_record(2).domain = "a\x1b[2J\nb";
  const std::string text = to_text(made.result());
  CHECK(text.find("domain=a\\x1b[2J\\x0ab field") != std::string::npos);
}
