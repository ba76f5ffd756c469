#include "gateway/usage/ledger/writer.h"

#include <doctest/doctest.h>

#include "tests/gateway/usage/ledger/ledger_scene.h"
#include "tests/gateway/usage/ledger/ledger_site.h"
#include "tests/support/waiting.h"

using gateway::usage::Field;
using gateway::usage::Row;
using gateway::usage::ledger::Reader;
using std::chrono::milliseconds;
using std::chrono::seconds;
using tests::all_rows;
using tests::Boot;
using tests::bytes_out;
using tests::kNoon;
using tests::LedgerSite;
using tests::record_of;
using tests::sum_text;
using tests::wait_until;

TEST_CASE("ledger writer: one row holds what all workers counted, and grows") {
  const LedgerSite site;
  Boot boot(site.path(), "boot-1");
  boot.add(0, "a", 10);
  boot.add(1, "a", 5);
  boot.add(1, "b", 1);
  CHECK(boot.flush());
  CHECK(sum_text(all_rows(site.ledger())) == "a@0=15 b@0=1 ");
  boot.add(0, "a", 100);
  CHECK(boot.flush());
  CHECK(sum_text(all_rows(site.ledger())) == "a@0=115 b@0=1 ");
  CHECK(boot.writer().figures().rows_written == 3);
  CHECK(boot.writer().figures().errors == 0);
  CHECK(boot.writer().figures().lag == milliseconds{0});
}

TEST_CASE(
    "ledger writer: a row is complete, and its slots free, once every worker left the bucket") {
  const LedgerSite site;
  Boot boot(site.path(), "boot-1");
  boot.add(0, "a", 10);
  CHECK(boot.flush());
  boot.next_bucket();
  boot.add(0, "a", 7);
  // Worker 1 never had a slot for it: only the flush after the one that saw it gone may say so.
  CHECK(boot.flush());
  CHECK(boot.flush());
  CHECK(sum_text(all_rows(site.ledger())) == "a@0=10! a@300=7 ");
  CHECK(boot.meters().book(0).read().size() == 1);
}

TEST_CASE("ledger writer: a worker that is late in leaving a bucket still counts in it") {
  const LedgerSite site;
  Boot boot(site.path(), "boot-1");
  boot.add(0, "a", 10);
  CHECK(boot.flush());
  boot.meters().book(0).tick(seconds{400}, seconds{kNoon + 300});
  for (int i = 0; i < 3; ++i) CHECK(boot.flush());
  CHECK(sum_text(all_rows(site.ledger())) == "a@0=10 ");
  boot.add(1, "a", 4);
  boot.meters().book(1).tick(seconds{400}, seconds{kNoon + 300});
  for (int i = 0; i < 3; ++i) CHECK(boot.flush());
  CHECK(sum_text(all_rows(site.ledger())) == "a@0=14! ");
}

TEST_CASE(
    "ledger writer: a clock that goes back opens rows of their own, and all become complete") {
  const LedgerSite site;
  Boot boot(site.path(), "boot-1");
  boot.next_bucket();
  boot.add(0, "a", 1);
  CHECK(boot.flush());
  // Worker 1 does not see the step at all.
  boot.meters().book(0).tick(seconds{400}, seconds{kNoon});
  boot.add(0, "a", 2);
  boot.add(1, "a", 4);
  CHECK(boot.flush());
  boot.meters().book(0).tick(seconds{800}, seconds{kNoon + 900});
  boot.meters().book(1).tick(seconds{800}, seconds{kNoon + 900});
  for (int i = 0; i < 3; ++i) CHECK(boot.flush());
  CHECK(bytes_out(site.ledger()) == 7);
  for (const Row& row : all_rows(site.ledger())) CHECK(row.complete);
  CHECK(boot.meters().book(0).read().empty());
}

TEST_CASE("ledger writer: stop leaves complete rows and no meter files") {
  const LedgerSite site;
  Boot boot(site.path(), "boot-1");
  boot.writer().start();
  boot.add(0, "a", 10);
  boot.add(1, "a", 3);
  boot.push(record_of(1, 0, 0));
  boot.writer().stop();
  CHECK(sum_text(all_rows(site.ledger())) == "a@0=13! ");
  CHECK(site.meters().empty());
}

TEST_CASE("ledger writer: the thread flushes by itself") {
  const LedgerSite site;
  gateway::usage::meter::Books meters({gateway::usage::meter::folder_of(site.path()), "n", "b", 1});
  gateway::usage::ledger::Writer writer(
      {site.path(), "n", "b", milliseconds{5}, seconds{86400}, {}}, meters, {});
  writer.start();
  meters.book(0).meter("a").add(Field::client_bytes_out, 9);
  CHECK(wait_until([&] { return writer.figures().rows_written == 1; }));
  writer.stop();
}

TEST_CASE("ledger writer: only the last of a session's records in a flush is written") {
  const LedgerSite site;
  Boot boot(site.path(), "boot-1");
  for (uint32_t i = 0; i < 5; ++i) boot.push(record_of(1, i, i));
  CHECK(boot.flush());
  boot.push(record_of(1, 3, 3));  // late
  CHECK(boot.flush());
  const auto reader = Reader::open(site.ledger());
  REQUIRE(reader);
  std::vector<gateway::usage::ledger::SessionRow> rows;
  CHECK((*reader)
            ->read_sessions({{}, kNoon - 300, kNoon + 300},
                            [&rows](const auto& row) { rows.push_back(row); })
            .empty());
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].record.sequence == 4);
}

TEST_CASE("ledger writer: tells a sink after a flush that wrote something, and only then") {
  const LedgerSite site;
  Boot boot(site.path(), "boot-1");
  int told = 0;
  boot.writer().on_flushed([&told] { ++told; });
  CHECK(boot.flush());
  CHECK(told == 0);
  boot.add(0, "a", 1);
  CHECK(boot.flush());
  CHECK(boot.flush());
  CHECK(told == 1);
}

TEST_CASE("ledger writer: a step of the clock is written down") {
  const LedgerSite site;
  Boot boot(site.path(), "boot-1");
  boot.meters().book(0).tick(seconds{3}, seconds{kNoon + 100});
  CHECK(boot.flush());
  auto ledger = tests::opened(site.ledger());
  CHECK(*ledger.prune(kNoon * 2, 10) == 1);
}
