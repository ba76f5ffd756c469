#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "gateway/usage/ledger/writer.h"
#include "tests/gateway/usage/ledger/ledger_scene.h"
#include "tests/gateway/usage/ledger/ledger_site.h"

namespace fs = std::filesystem;
using tests::all_rows;
using tests::Boot;
using tests::kNoon;
using tests::LedgerSite;
using tests::record_of;
using tests::sum_text;

TEST_CASE("ledger writer: what a killed process left is recovered, once") {
  const LedgerSite site;
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
  const LedgerSite site;
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
  const LedgerSite site;
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
  const LedgerSite site;
  site.folder.write("usage.db", std::string(9000, 'x'));
  Boot boot(site.path(), "boot-1");
  boot.add(0, "a", 10);
  CHECK(boot.flush());
  CHECK(site.damaged() == 1);
  CHECK(sum_text(all_rows(site.ledger())) == "a@0=10 ");
}

TEST_CASE("FY18 ledger writer: a statement that fails does not make a ledger a damaged one") {
  const LedgerSite site;
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
  const LedgerSite site;
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
  const LedgerSite site;
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
  const LedgerSite site;
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
