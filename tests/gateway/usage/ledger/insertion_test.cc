#include "gateway/usage/ledger/insertion.h"

#include <limits>

#include <doctest/doctest.h>

#include "gateway/usage/ledger/schema.h"
#include "tests/gateway/usage/ledger/ledger_rows.h"
#include "tests/support/folder.h"

using gateway::usage::Field;
using gateway::usage::Record;
using gateway::usage::Row;
using gateway::usage::ledger::Database;
using gateway::usage::ledger::Insertion;
using tests::kNoon;
using tests::record_of;
using tests::row_of;

namespace {

// Without the ledger's transactions around it.
struct Scene {
  Scene() {
    REQUIRE_FALSE(migrate(database));
    database.add_larger_counts();
    REQUIRE_FALSE(insertion.prepare());
  }
  void put(const std::vector<Row>& rows, const std::vector<Record>& records = {}) {
    const auto error =
        insertion.put({.rows = rows, .node = "node-1", .boot = "boot-1", .records = records});
    if (error) FAIL(error->text);
  }
  int64_t number(const std::string& sql) {
    const auto found = database.number(sql);
    REQUIRE(found);
    return found->value_or(-1);
  }
  std::string text(const std::string& sql) {
    const auto found = database.text(sql);
    REQUIRE(found);
    return *found;
  }

  tests::Folder folder;
  Database database = std::move(*Database::open(folder.file("usage.db"), Database::Access::write));
  Insertion insertion{database};
};

}  // namespace

TEST_CASE("insertion: rows that say something new are counted, and take the next revision") {
  Scene scene;
  scene.put({row_of("a", kNoon, 10), row_of("b", kNoon, 20)});
  CHECK(scene.insertion.rows_changed() == 2);
  CHECK(scene.number("SELECT max(revision) FROM usage_row") == 2);
  scene.put({row_of("a", kNoon, 10), row_of("b", kNoon, 21)});
  CHECK(scene.insertion.rows_changed() == 1);
  CHECK(scene.number("SELECT revision FROM usage_row WHERE domain='a'") == 1);
  CHECK(scene.number("SELECT revision FROM usage_row WHERE domain='b'") > 2);
  scene.put({});
  CHECK(scene.insertion.rows_changed() == 0);
}

TEST_CASE("insertion: a map alone that has grown is news, and what it had stays") {
  Scene scene;
  Row row = row_of("a", kNoon, 0);
  row.totals.http_answers[0] = 5;
  scene.put({row});
  row.totals.http_answers[0] = 3;
  row.totals.http_answers[1] = 1;
  scene.put({row});
  CHECK(scene.insertion.rows_changed() == 1);
  CHECK(scene.text("SELECT http_answers FROM usage_row") == R"({"200":5,"201":1})");
}

TEST_CASE("insertion: revisions go on where a sink has come to, also when pruning took the rows") {
  Scene scene;
  REQUIRE_FALSE(scene.database.run("INSERT INTO sink(name,revision) VALUES('postgres',70)"));
  scene.put({row_of("a", kNoon, 10)});
  CHECK(scene.number("SELECT revision FROM usage_row") == 71);
}

TEST_CASE("insertion: node and boot are one process, found again after a rollback took it") {
  Scene scene;
  REQUIRE_FALSE(scene.database.run("BEGIN"));
  scene.put({row_of("a", kNoon, 10)});
  REQUIRE_FALSE(scene.database.run("ROLLBACK"));
  scene.insertion.rolled_back();
  scene.put({row_of("a", kNoon, 10)}, {record_of(1, 0, 4)});
  CHECK(scene.number("SELECT count(*) FROM process") == 1);
  CHECK(scene.number("SELECT count(*) FROM usage_row JOIN process ON process.id=process") == 1);
}

TEST_CASE("insertion: a session has the record of the highest sequence, whatever comes last") {
  Scene scene;
  scene.put({}, {record_of(1, 2, 20)});
  scene.put({}, {record_of(1, 1, 10)});
  CHECK(scene.number("SELECT client_bytes_out FROM session") == 20);
  scene.put({}, {record_of(1, 3, 30)});
  CHECK(scene.number("SELECT client_bytes_out FROM session") == 30);
  CHECK(scene.number("SELECT count(*) FROM session") == 1);
}

TEST_CASE("insertion: only a stop says how a session ended") {
  Scene scene;
  Record stop = record_of(2, 1, 5);
  stop.kind = Record::Kind::stop;
  stop.end.cause = gateway::outcome::Cause::idle_timeout;
  scene.put({}, {record_of(1, 0, 5), stop});
  CHECK(scene.number("SELECT count(*) FROM session WHERE end_cause IS NULL") == 1);
  CHECK(scene.text("SELECT end_cause FROM session WHERE kind='stop'") == "idle_timeout");
}

TEST_CASE("insertion: a number that SQLite cannot hold becomes the largest that it can") {
  Scene scene;
  scene.put({row_of("a", kNoon, std::numeric_limits<uint64_t>::max())});
  CHECK(scene.number("SELECT client_bytes_out FROM usage_row") ==
        std::numeric_limits<int64_t>::max());
}

TEST_CASE("insertion: a statement that fails is an error, and the next one works") {
  Scene scene;
  REQUIRE_FALSE(scene.database.run(
      "CREATE TRIGGER never BEFORE INSERT ON usage_row BEGIN SELECT RAISE(ABORT, 'no'); END"));
  const std::vector<Row> rows{row_of("a", kNoon, 10)};
  CHECK(scene.insertion.put({.rows = rows}).has_value());
  REQUIRE_FALSE(scene.database.run("DROP TRIGGER never"));
  CHECK_FALSE(scene.insertion.put({.rows = rows}).has_value());
}
