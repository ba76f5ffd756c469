#include "gateway/postgres/sink.h"

#include <doctest/doctest.h>

#include "gateway/usage/answers/query.h"
#include "tests/gateway/postgres/stage.h"

using gateway::postgres::Sink;
using gateway::usage::Field;
using gateway::usage::Row;
using tests::bring_over;
using tests::DatabaseStage;
using tests::has;
using tests::LosingProxy;
using tests::milliseconds;
using tests::NodeStage;
using tests::reader_of;
using tests::row_of;
using tests::wait_until;

namespace {

std::vector<Row> rows_in(const std::string& url) {
  std::vector<Row> rows;
  const std::string why = reader_of(url)->read({.domains = {}, .from = 0, .to = 4'000'000'000},
                                               [&rows](const Row& row) { rows.push_back(row); });
  CHECK(why == "");
  return rows;
}

std::string trouble_of(NodeStage& node) {
  node.start();
  CHECK(wait_until([&node] { return !node.sink().figures().trouble.empty(); }));
  const std::string trouble = node.sink().figures().trouble;
  CHECK(!node.sink().figures().connected);
  CHECK(node.sink().figures().errors > 0);
  node.stop();
  return trouble;
}

}  // namespace

TEST_CASE("postgres: the first fill makes the table and brings every number over") {
  const DatabaseStage database;
  NodeStage node(database.url());
  std::vector<Row> rows{row_of("a", "chat.example", 0, 100, true), row_of("a", "x.example", 0, 20)};
  uint64_t number = 1;
  for (uint64_t& field : rows[0].totals.fields) field = UINT64_C(1) << (number++ % 63);
  for (uint64_t& count : rows[0].totals.closed) count = number++;
  for (uint64_t& count : rows[0].totals.refused) count = number++;
  for (uint64_t& count : rows[0].totals.answers) count = number++;
  node.write(rows);
  node.start();
  REQUIRE(wait_until([&node] { return node.sink().figures().rows_sent == 2; }));

  const std::vector<Row> there = rows_in(database.url());
  REQUIRE(there.size() == 2);
  for (size_t i = 0; i < 2; ++i) {
    CHECK(there[i].key == rows[i].key);
    CHECK(there[i].totals == rows[i].totals);
    CHECK(there[i].complete == rows[i].complete);
  }
  REQUIRE(wait_until([&node] { return node.sink().figures().lag == milliseconds{0}; }));
  CHECK(node.sink().figures().connected);
  CHECK(node.sink().figures().errors == 0);
  CHECK(node.sink().figures().trouble == "");
}

TEST_CASE("postgres: a row that changes is updated in place, at the next wake-up") {
  const DatabaseStage database;
  NodeStage node(database.url());
  node.write({row_of("a", "chat.example", 0, 1)});
  node.start();
  for (uint64_t bytes = 2; bytes < 6; ++bytes) {
    node.write({row_of("a", "chat.example", 0, bytes)});
    node.sink().wake();
    CHECK(database.reaches("1 rows, " + std::to_string(bytes) + " bytes"));
  }
}

TEST_CASE("postgres: more rows than one batch arrive, each once") {
  const DatabaseStage database;
  NodeStage node(database.url());
  std::vector<Row> rows;
  for (int bucket = 0; bucket < 2'500; ++bucket) rows.push_back(row_of("a", "d", bucket, 10, true));
  node.write(rows);
  node.start();
  CHECK(database.reaches("2500 rows, 25000 bytes"));
  REQUIRE(wait_until([&node] { return node.sink().figures().lag == milliseconds{0}; }));
  CHECK(node.sink().figures().rows_sent == 2'500);
}

TEST_CASE("postgres: a sink that starts again goes on where the last one was") {
  const DatabaseStage database;
  NodeStage node(database.url());
  node.write({row_of("a", "d", 0, 10, true), row_of("a", "d", 1, 10)});
  node.start();
  REQUIRE(wait_until([&node] {
    return node.sink().figures().lag == milliseconds{0} && node.sink().figures().rows_sent == 2;
  }));
  node.stop();
  node.write({row_of("a", "d", 1, 15), row_of("a", "d", 2, 10)});
  node.start();
  CHECK(database.reaches("3 rows, 35 bytes"));
  REQUIRE(wait_until([&node] { return node.sink().figures().lag == milliseconds{0}; }));
  CHECK(node.sink().figures().rows_sent == 2);
}

TEST_CASE("postgres: stop brings the rest over within its patience") {
  const DatabaseStage database;
  NodeStage node(database.url());
  bring_over(node, database, {row_of("a", "d", 0, 10)}, "1 rows, 10 bytes");
  node.write({row_of("a", "d", 1, 5)});
  node.sink().stop(milliseconds{5'000});
  CHECK(database.sums() == "2 rows, 15 bytes");
}

TEST_CASE("postgres: another database, or a table made anew, gets everything from the beginning") {
  const DatabaseStage first;
  const DatabaseStage second;
  NodeStage node(first.url());
  bring_over(node, first, {row_of("a", "d", 0, 10, true), row_of("a", "d", 1, 10)},
             "2 rows, 20 bytes");
  node.use(second.url());
  node.start();
  CHECK(second.reaches("2 rows, 20 bytes"));
  node.stop();
  second.execute("DROP TABLE weir_usage");
  node.start();
  CHECK(second.reaches("2 rows, 20 bytes"));
}

TEST_CASE("postgres: a commit whose answer was lost is sent again and counts once") {
  const DatabaseStage database;
  LosingProxy proxy;
  NodeStage node(proxy.url(database.name()));
  // The table first, so that the COMMIT to lose is one of rows.
  bring_over(node, database, {row_of("a", "d", 0, 1)}, "1 rows, 1 bytes");
  proxy.lose(3);
  std::vector<Row> rows;
  for (int bucket = 0; bucket < 300; ++bucket) rows.push_back(row_of("a", "d", bucket, 10, true));
  node.write(rows);
  node.sink().wake();
  REQUIRE(wait_until([&proxy] { return proxy.left() == 0; }));
  REQUIRE(wait_until([&node] { return node.sink().figures().lag == milliseconds{0}; }));
  CHECK(node.sink().figures().errors >= 3);
  CHECK(node.sink().figures().rows_sent == 301);
  CHECK(database.sums() == "300 rows, 3000 bytes");
}

TEST_CASE("postgres: rows that gather while the server is down arrive when it is back") {
  const DatabaseStage database;
  NodeStage node(database.url());
  bring_over(node, database, {row_of("a", "d", 0, 10)}, "1 rows, 10 bytes");
  DatabaseStage::server().stop();
  // Noticed without a row to send.
  CHECK(wait_until([&node] { return !node.sink().figures().connected; }));
  for (int bucket = 0; bucket < 20; ++bucket) {
    node.write({row_of("a", "d", bucket, 11)});
    node.sink().wake();
  }
  CHECK(wait_until([&node] { return node.sink().figures().lag > milliseconds{0}; }));
  CHECK(!node.sink().figures().trouble.empty());
  DatabaseStage::server().start();
  CHECK(database.reaches("20 rows, 220 bytes"));
  CHECK(wait_until([&node] { return node.sink().figures().lag == milliseconds{0}; }));
  CHECK(node.sink().figures().trouble == "");
}

TEST_CASE("postgres: a session that the server ends is begun again") {
  const DatabaseStage database;
  NodeStage node(database.url());
  bring_over(node, database, {row_of("a", "d", 0, 10)}, "1 rows, 10 bytes");
  database.execute(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
      "WHERE application_name = 'weir' AND datname = current_database()");
  CHECK(wait_until([&node] { return node.sink().figures().errors > 0; }));
  node.write({row_of("a", "d", 0, 12)});
  node.sink().wake();
  CHECK(database.reaches("1 rows, 12 bytes"));
}

TEST_CASE(
    "postgres: a server that answers nothing is given up in time, and a stop in its patience") {
  const DatabaseStage database;
  NodeStage node(database.url());
  node.write({row_of("a", "d", 0, 10)});
  node.start(milliseconds{300});
  REQUIRE(database.reaches("1 rows, 10 bytes"));
  DatabaseStage::server().pause();
  node.write({row_of("a", "d", 0, 12)});
  node.sink().wake();
  CHECK(wait_until([&node] { return has(node.sink().figures().trouble, "in time"); }));
  CHECK(node.sink().figures().lag > milliseconds{0});
  const auto begun = std::chrono::steady_clock::now();
  NodeStage other(database.url());
  other.write({row_of("b", "d", 0, 5)});
  other.start(5 * tests::patience());
  other.sink().stop(milliseconds{50});
  CHECK(std::chrono::steady_clock::now() - begun < tests::patience());
  DatabaseStage::server().resume();
  CHECK(database.reaches("1 rows, 12 bytes"));
}

TEST_CASE("postgres: two nodes that start together share a table, and their sums add up") {
  const DatabaseStage database;
  NodeStage one(database.url());
  NodeStage two(database.url());
  one.write({row_of("a", "chat.example", 0, 100), row_of("a", "x.example", 0, 1)});
  two.write({row_of("b", "chat.example", 0, 30), row_of("b", "chat.example", 1, 3)});
  one.start();
  two.start();
  REQUIRE(database.reaches("4 rows, 134 bytes"));
  auto rows = gateway::postgres::open_rows(database.url(), milliseconds{5'000});
  REQUIRE(rows.has_value());
  const auto series = gateway::usage::answers::ask(
      **rows, {.domains = {"chat.example"}, .from = 1'700'000'100, .to = 1'700'000'700});
  REQUIRE(series.has_value());
  REQUIRE(series->size() == 1);
  CHECK(series->front().total[Field::client_bytes_out] == 133);
  REQUIRE(series->front().intervals.size() == 2);
  CHECK(series->front().intervals[0].totals[Field::client_bytes_out] == 130);
}

TEST_CASE("postgres: a ledger that was set aside is left for the new one") {
  const DatabaseStage database;
  NodeStage node(database.url());
  node.write({row_of("a", "d", 0, 10)});
  node.start();
  for (uint64_t bytes = 11; bytes < 20; ++bytes) node.write({row_of("a", "d", 0, bytes)});
  node.sink().wake();
  REQUIRE(database.reaches("1 rows, 19 bytes"));
  std::string away;
  REQUIRE(gateway::usage::ledger::set_aside(node.ledger_path(), away) == "");
  // Its revisions begin again below those that the server has.
  node.write({row_of("a", "d", 0, 25), row_of("a", "d", 1, 5)});
  node.sink().wake();
  CHECK(database.reaches("2 rows, 30 bytes"));
}

TEST_CASE("postgres: a row that the server refuses for itself holds up no other and is kept") {
  const DatabaseStage database;
  database.execute(gateway::postgres::ddl());
  database.execute("ALTER TABLE weir_usage ADD CONSTRAINT small CHECK (client_bytes_out < 1000)");
  NodeStage node(database.url());
  node.write({row_of("a", "d", 0, 1), row_of("a", "d", 1, 5'000, true), row_of("a", "d", 2, 2)});
  node.start();
  CHECK(database.reaches("2 rows, 3 bytes"));
  CHECK(wait_until([&node] { return node.sink().figures().rows_refused == 1; }));
  node.write({row_of("a", "d", 3, 4)});
  node.sink().wake();
  CHECK(database.reaches("3 rows, 7 bytes"));
  CHECK(node.sink().figures().lag > milliseconds{0});
  CHECK(has(node.sink().figures().trouble, "refuses rows"));
  node.stop();
  // The next process tries it again.
  database.execute("ALTER TABLE weir_usage DROP CONSTRAINT small");
  node.start();
  CHECK(database.reaches("4 rows, 5007 bytes"));
  CHECK(wait_until([&node] { return node.sink().figures().lag == milliseconds{0}; }));
  CHECK(node.sink().figures().rows_refused == 0);
}

TEST_CASE("postgres: what is wrong with a set-up is said with what to do, and never the password") {
  const DatabaseStage database;
  const std::string role = "role_of_" + database.name();
  database.execute("CREATE ROLE " + role + " LOGIN PASSWORD 'right-secret'");
  const auto as_role = [&](const std::string& password) {
    return database.url_as(role) + " password=" + password;
  };
  NodeStage node(as_role("wrong-secret"));
  node.write({row_of("a", "d", 0, 1)});
  std::string trouble = trouble_of(node);
  CHECK(has(trouble, "password authentication failed"));
  CHECK(has(trouble, "pg_hba.conf"));
  CHECK(!has(trouble, "wrong-secret"));

  node.use(DatabaseStage::server().url("nowhere"));
  trouble = trouble_of(node);
  CHECK(has(trouble, "\"nowhere\" does not exist"));
  CHECK(has(trouble, "CREATE DATABASE"));

  node.use(as_role("right-secret"));
  trouble = trouble_of(node);
  CHECK(has(trouble, "cannot be made"));
  CHECK(has(trouble, "gateway/postgres/POSTGRES.md"));

  database.execute(gateway::postgres::ddl());
  database.execute("GRANT SELECT ON weir_usage TO " + role);
  trouble = trouble_of(node);
  CHECK(has(trouble, "SELECT, INSERT and UPDATE"));

  database.execute("ALTER ROLE " + role + " SET default_transaction_read_only = on");
  CHECK(has(trouble_of(node), "read-only"));

  database.execute("ALTER ROLE " + role + " RESET default_transaction_read_only");
  database.execute("ALTER TABLE weir_usage DROP COLUMN ping_frames_in");
  trouble = trouble_of(node);
  CHECK(has(trouble, "lacks columns"));
  CHECK(has(trouble, "must be owner"));

  // The least rights that suffice.
  database.execute("ALTER TABLE weir_usage ADD ping_frames_in numeric(20) NOT NULL DEFAULT 0");
  database.execute("GRANT INSERT, UPDATE ON weir_usage TO " + role);
  node.start();
  CHECK(database.reaches("1 rows, 1 bytes"));
}

TEST_CASE("postgres: a table of an older version gets the columns that it lacks") {
  const DatabaseStage database;
  database.execute(gateway::postgres::ddl());
  database.execute("ALTER TABLE weir_usage DROP COLUMN ping_frames_in, DROP COLUMN answers");
  NodeStage node(database.url());
  bring_over(node, database, {row_of("a", "d", 0, 10)}, "1 rows, 10 bytes");
  CHECK(rows_in(database.url()).front().totals == row_of("a", "d", 0, 10).totals);
}

TEST_CASE("postgres: without a ledger it waits for one") {
  const DatabaseStage database;
  NodeStage node(database.url());
  CHECK(has(trouble_of(node), "ledger"));
  node.start();
  node.write({row_of("a", "d", 0, 10)});
  CHECK(database.reaches("1 rows, 10 bytes"));
}
