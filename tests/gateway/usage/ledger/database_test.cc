#include "gateway/usage/ledger/database.h"

#include <filesystem>
#include <sys/stat.h>

#include <doctest/doctest.h>

#include "tests/support/folder.h"

using gateway::usage::ledger::Database;

namespace fs = std::filesystem;

TEST_CASE("ledger database: neither it nor its side files are for other users of the machine") {
  const tests::Folder folder;
  const mode_t before = ::umask(0);
  {
    auto database = Database::open(folder.file("usage.db"), Database::Access::write);
    REQUIRE(database);
    REQUIRE(database->text("PRAGMA journal_mode=WAL"));
    CHECK_FALSE(database->run("CREATE TABLE one(number INTEGER)").has_value());
    for (const char* const name : {"usage.db", "usage.db-wal", "usage.db-shm"}) {
      CAPTURE(name);
      const fs::perms mode = fs::status(folder.file(name)).permissions();
      CHECK((mode & fs::perms::others_all) == fs::perms::none);
    }
  }
  ::umask(before);
}

TEST_CASE("ledger database: the mode that an operator gave it stays") {
  const tests::Folder folder;
  const std::string path = folder.file("usage.db");
  REQUIRE(Database::open(path, Database::Access::write));
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write | fs::perms::others_read);
  REQUIRE(Database::open(path, Database::Access::write));
  CHECK((fs::status(path).permissions() & fs::perms::others_read) != fs::perms::none);
}
