#include "gateway/usage/ledger/writer.h"

#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>
#include <sqlite3.h>

#include "gateway/usage/meter/file.h"
#include "tests/gateway/usage/ledger/ledger_rows.h"
#include "tests/gateway/usage/ledger/ledger_scene.h"
#include "tests/support/folder.h"
#include "tests/support/waiting.h"

using gateway::usage::BudgetPlan;
using gateway::usage::BudgetStanding;
using gateway::usage::Field;
using gateway::usage::Row;
using gateway::usage::ledger::Reader;
using tests::all_rows;
using tests::Boot;
using tests::bytes_out;
using tests::kNoon;
using tests::record_of;
using tests::wait_until;

namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct Site {
  tests::Folder folder;
  std::string path() const { return folder.path(); }
  std::string ledger() const { return gateway::usage::ledger::file_path(folder.path()); }
  std::vector<std::string> meters() const {
    return gateway::usage::meter::files_in(gateway::usage::meter::folder_of(folder.path()));
  }
  // As an operator might, with a tool of his own.
  void run(const char* sql) const {
    sqlite3* database = nullptr;
    REQUIRE(sqlite3_open(ledger().c_str(), &database) == SQLITE_OK);
    CHECK(sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(database);
  }
  size_t damaged(const std::string& below = "") const {
    size_t number = 0;
    for (const auto& entry : fs::directory_iterator(folder.path() + below))
      number += entry.path().string().find(".damaged-") != std::string::npos ? 1 : 0;
    return number;
  }
};

std::string sum_text(const std::vector<Row>& rows) {
  std::string text;
  for (const Row& row : rows)
    text += row.key.domain + "@" + std::to_string(row.key.bucket - kNoon) + "=" +
            std::to_string(row.totals[Field::client_bytes_out]) + (row.complete ? "! " : " ");
  return text;
}

}  // namespace

TEST_CASE("ledger writer: one row holds what all workers counted, and grows") {
  const Site site;
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
  const Site site;
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
  const Site site;
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
  const Site site;
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
  const Site site;
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
  const Site site;
  gateway::usage::meter::Books meters({gateway::usage::meter::folder_of(site.path()), "n", "b", 1});
  gateway::usage::ledger::Writer writer(
      {site.path(), "n", "b", milliseconds{5}, seconds{86400}, {}}, meters, {});
  writer.start();
  meters.book(0).meter("a").add(Field::client_bytes_out, 9);
  CHECK(wait_until([&] { return writer.figures().rows_written == 1; }));
  writer.stop();
}

TEST_CASE("ledger writer: what a killed process left is recovered, once") {
  const Site site;
  {
    Boot dead(site.path(), "boot-1");
    dead.add(0, "a", 10);
    CHECK(dead.flush());
    dead.add(0, "a", 5);
    dead.add(1, "a", 2);
    dead.add(1, "b", 1);
  }
  CHECK(site.meters().size() == 2);
  for (int i = 2; i < 4; ++i) {
    Boot next(site.path(), "boot-" + std::to_string(i));
    CHECK(next.flush());
    CHECK(sum_text(all_rows(site.ledger())) == "a@0=17! b@0=1! ");
    CHECK(site.meters().size() == 2);  // its own
    for (const std::string& path : site.meters()) CHECK(path.find("boot-1") == std::string::npos);
  }
}

TEST_CASE("ledger writer: meters that know less than the ledger take nothing from it") {
  const Site site;
  const fs::path kept = site.folder.file("kept");
  {
    Boot dead(site.path(), "boot-1", 1);
    dead.add(0, "a", 10);
    fs::create_directory(kept);
    for (const std::string& path : site.meters()) fs::copy(path, kept / fs::path(path).filename());
    dead.add(0, "a", 5);
    CHECK(dead.flush());
  }
  // As after a power cut: the ledger was synced, the meters were not.
  for (const auto& entry : fs::directory_iterator(kept))
    fs::copy(entry.path(), site.path() + "/meters/" + entry.path().filename().string(),
             fs::copy_options::overwrite_existing);
  Boot next(site.path(), "boot-2");
  CHECK(next.flush());
  CHECK(sum_text(all_rows(site.ledger())) == "a@0=15! ");
}

TEST_CASE("ledger writer: a damaged meter file is kept aside, the others are recovered") {
  const Site site;
  {
    Boot dead(site.path(), "boot-1");
    dead.add(0, "a", 10);
    dead.add(1, "a", 2);
  }
  std::ofstream(site.meters()[0], std::ios::binary) << "garbage";
  site.folder.write("meters/other-0.meters", "");
  Boot next(site.path(), "boot-2");
  CHECK(next.flush());
  CHECK(sum_text(all_rows(site.ledger())) == "a@0=2! ");
  CHECK(site.damaged("/meters") == 2);
  CHECK(site.meters().size() == 2);
}

TEST_CASE(
    "ledger writer: a damaged ledger is set aside, and everything that lives is in the new one") {
  const Site site;
  site.folder.write("usage.db", std::string(9000, 'x'));
  Boot boot(site.path(), "boot-1");
  boot.add(0, "a", 10);
  CHECK(boot.flush());
  CHECK(site.damaged() == 1);
  CHECK(sum_text(all_rows(site.ledger())) == "a@0=10 ");
}

TEST_CASE("FY18 ledger writer: a statement that fails does not make a ledger a damaged one") {
  const Site site;
  Boot boot(site.path(), "boot-1");
  boot.add(0, "a", 10);
  REQUIRE(boot.flush());
  const char* broken = nullptr;
  const char* mended = nullptr;
  SUBCASE("a rule that is broken") {
    broken = "CREATE TRIGGER never BEFORE INSERT ON usage_row BEGIN SELECT RAISE(ABORT, 'no'); END";
    mended = "DROP TRIGGER never";
  }
  SUBCASE("a trigger that does not work") {
    broken = "CREATE TRIGGER never AFTER UPDATE ON usage_row BEGIN DELETE FROM nowhere; END";
    mended = "DROP TRIGGER never";
  }
  SUBCASE("a column that is called something else") {
    broken = "ALTER TABLE usage_row RENAME COLUMN closed TO shut";
    mended = "ALTER TABLE usage_row RENAME COLUMN shut TO closed";
  }
  site.run(broken);
  boot.add(0, "a", 5);
  CHECK_FALSE(boot.flush());
  boot.next_bucket();
  boot.add(1, "b", 1);
  CHECK_FALSE(boot.flush());
  CHECK_FALSE(boot.writer().figures().healthy);
  CHECK(site.damaged() == 0);
  site.run(mended);
  CHECK(boot.flush());
  CHECK(boot.writer().figures().healthy);
  CHECK(tests::bytes_out(site.ledger()) == 16);
  CHECK(site.damaged() == 0);
}

TEST_CASE("FY18 ledger writer: a ledger without one of its tables is proven to be damaged") {
  const Site site;
  Boot boot(site.path(), "boot-1");
  boot.add(0, "a", 10);
  REQUIRE(boot.flush());
  SUBCASE("of the sums") { site.run("DROP TABLE usage_row"); }
  SUBCASE("of the sessions") { site.run("DROP TABLE session"); }
  boot.add(0, "a", 5);
  boot.push(record_of(1, 0, 0));
  CHECK(boot.flush());
  CHECK(site.damaged() > 0);
  CHECK(sum_text(all_rows(site.ledger())) == "a@0=15 ");
}

TEST_CASE("FY18 ledger writer: a ledger that is found damaged while it is used is set aside") {
  const Site site;
  Boot boot(site.path(), "boot-1");
  boot.add(0, "a", 10);
  REQUIRE(boot.flush());
  // Everything is in the file, and the connection that wrote it is gone.
  site.run("PRAGMA wal_checkpoint(TRUNCATE)");
  const auto size = fs::file_size(site.ledger());
  {
    std::fstream file(site.ledger(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);
    file << std::string(size - 4096, '\x5a');
  }
  site.run("PRAGMA user_version=1");  // another writer: no page is known any more
  boot.add(0, "a", 5);
  CHECK(boot.flush());
  CHECK(site.damaged() == 1);
  CHECK(sum_text(all_rows(site.ledger())) == "a@0=15 ");
}

TEST_CASE(
    "ledger writer: a ledger of a later version is left alone, and usage waits in the meters") {
  const Site site;
  {
    auto ledger = tests::opened(site.ledger());
    tests::must_write(ledger, {tests::row_of("old", kNoon, 1)});
  }
  const auto set_version = [&site](char version) {
    std::fstream file(site.ledger(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(63);  // the last byte of user_version
    file.put(version);
  };
  set_version(99);
  Boot boot(site.path(), "boot-1");
  boot.add(0, "a", 10);
  CHECK_FALSE(boot.flush());
  CHECK_FALSE(boot.writer().figures().healthy);
  CHECK(site.damaged() == 0);
  set_version(1);
  CHECK(boot.flush());
  CHECK(boot.writer().figures().healthy);
  CHECK(sum_text(all_rows(site.ledger())) == "a@0=10 old@0=1 ");
}

TEST_CASE("ledger writer: only the last of a session's records in a flush is written") {
  const Site site;
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

TEST_CASE("ledger writer: rows older than keep go, but not those that a budget counts") {
  const Site site;
  {
    auto ledger = tests::opened(site.ledger());
    tests::must_write(ledger, {tests::row_of("a", kNoon - 86400 * 40, 1, true),
                               tests::row_of("a", kNoon - 86400 * 10, 2, true),
                               tests::row_of("a", kNoon - 300, 4, true)});
  }
  Boot boot(site.path(), "boot-1", 1, std::chrono::hours{24});
  SUBCASE("no budget") {
    CHECK(boot.flush());
    CHECK(bytes_out(site.ledger()) == 4);
  }
  SUBCASE("a budget for the month") {
    BudgetPlan plan;
    plan.traffic = 1000;
    boot.writer().use_budgets({{"a", plan}}, {});
    CHECK(boot.flush());
    CHECK(bytes_out(site.ledger()) == 6);
  }
}

TEST_CASE("ledger writer: a clock that is a year ahead does not cost the ledger") {
  const Site site;
  {
    auto ledger = tests::opened(site.ledger());
    tests::must_write(ledger, {tests::row_of("a", kNoon - 86400 * 40, 1, true),
                               tests::row_of("a", kNoon - 86400 * 10, 2, true)});
  }
  Boot boot(site.path(), "boot-1");
  boot.tick_by(std::chrono::hours{24 * 365});
  CHECK(boot.flush());
  CHECK(bytes_out(site.ledger()) == 3);
}

TEST_CASE("ledger writer: tells a sink after a flush that wrote something, and only then") {
  const Site site;
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

TEST_CASE(
    "ledger writer: a budget counts this and earlier runs, and tells each change of standing") {
  const Site site;
  {
    Boot before(site.path(), "boot-1");
    before.add(0, "a", 500);
    CHECK(before.flush());
    before.add(0, "a", 200);  // in its meters alone
  }
  Boot boot(site.path(), "boot-2");
  BudgetPlan plan;
  plan.traffic = 1000;
  plan.standing = std::make_shared<std::atomic<BudgetStanding>>(BudgetStanding::within);
  const auto standing = plan.standing;
  std::string told;
  boot.writer().use_budgets({{"a", plan}}, [&told](const std::string& domain, BudgetStanding now) {
    told += domain + "=" + std::string(to_string(now)) + " ";
  });
  CHECK(boot.flush());
  CHECK(*standing == BudgetStanding::within);
  boot.add(1, "a", 100);
  CHECK(boot.flush());
  CHECK(*standing == BudgetStanding::soft);
  boot.next_bucket();
  boot.add(0, "a", 199);
  for (int i = 0; i < 3; ++i) CHECK(boot.flush());
  CHECK(*standing == BudgetStanding::soft);
  boot.add(0, "a", 1);
  CHECK(boot.flush());
  CHECK(*standing == BudgetStanding::hard);
  boot.tick(seconds{gateway::usage::period_end(BudgetPlan::Period::month, kNoon)});
  for (int i = 0; i < 3; ++i) CHECK(boot.flush());
  CHECK(*standing == BudgetStanding::within);
  CHECK(told == "a=soft a=hard a=within ");
}

TEST_CASE("ledger writer: a larger budget after a reload lets a domain in again") {
  const Site site;
  Boot boot(site.path(), "boot-1");
  BudgetPlan plan;
  plan.traffic = 10;
  boot.writer().use_budgets({{"a", plan}}, {});
  boot.add(0, "a", 10);
  CHECK(boot.flush());
  plan.traffic = 100;
  plan.standing = std::make_shared<std::atomic<BudgetStanding>>(BudgetStanding::hard);
  boot.writer().use_budgets({{"a", plan}}, {});
  CHECK(boot.flush());
  CHECK(*plan.standing == BudgetStanding::within);
}

TEST_CASE("ledger writer: a step of the clock is written down") {
  const Site site;
  Boot boot(site.path(), "boot-1");
  boot.meters().book(0).tick(seconds{3}, seconds{kNoon + 100});
  CHECK(boot.flush());
  auto ledger = tests::opened(site.ledger());
  CHECK(*ledger.prune(kNoon * 2, 10) == 1);
}
