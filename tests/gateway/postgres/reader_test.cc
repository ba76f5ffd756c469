#include <doctest/doctest.h>

#include "gateway/postgres/sink.h"
#include "tests/gateway/postgres/stage.h"

using gateway::postgres::open_rows;
using gateway::usage::Row;
using gateway::usage::Rows;
using gateway::usage::Selection;
using tests::bring_over;
using tests::DatabaseStage;
using tests::has;
using tests::milliseconds;
using tests::NodeStage;
using tests::reader_of;
using tests::row_of;

namespace {

constexpr int64_t kFirst = 1'700'000'100;

// "a/chat/0 " for node, domain and the bucket's place, one after the other.
std::string names(Rows& rows, const Selection& selection) {
  std::string all;
  const std::string why = rows.read(selection, [&all](const Row& row) {
    const int64_t place = (row.key.bucket - kFirst) / gateway::usage::kBucketSeconds;
    all += row.key.node + '/' + row.key.domain + '/' + std::to_string(place) + ' ';
  });
  CHECK(why == "");
  return all;
}

std::string why_not(const std::string& url) {
  const auto opened = open_rows(url, milliseconds{1'000});
  REQUIRE(!opened.has_value());
  return opened.error();
}

}  // namespace

TEST_CASE(
    "postgres_reader: rows by bucket and domain, of the range and the domains that are asked") {
  const DatabaseStage database;
  database.execute(gateway::postgres::ddl());
  const auto rows = reader_of(database.url());
  const Selection all{.domains = {}, .from = 0, .to = 4'000'000'000};
  CHECK(names(*rows, all) == "");

  NodeStage node(database.url());
  bring_over(node, database,
             {row_of("a", "x_y", 1, 1), row_of("a", "Z", 0, 1), row_of("a", "x.y", 0, 1),
              row_of("a", "odd\"{,}\\", 2, 1), row_of("a", "x_y", 0, 1)},
             "5 rows, 5 bytes");
  CHECK(names(*rows, all) == "a/Z/0 a/x.y/0 a/x_y/0 a/x_y/1 a/odd\"{,}\\/2 ");
  CHECK(names(*rows, {.domains = {}, .from = kFirst + 300, .to = kFirst + 600}) == "a/x_y/1 ");
  CHECK(names(*rows, {.domains = {"x_y", "none"}, .from = 0, .to = kFirst + 600}) ==
        "a/x_y/0 a/x_y/1 ");
  CHECK(names(*rows, {.domains = {"odd\"{,}\\"}, .from = 0, .to = kFirst + 6'000}) ==
        "a/odd\"{,}\\/2 ");
  CHECK(names(*rows, {.domains = {}, .from = kFirst, .to = kFirst}) == "");
}

TEST_CASE("postgres_reader: a zone and a date style of the session move no bucket") {
  const DatabaseStage database;
  NodeStage node(database.url());
  node.write({row_of("a", "d", 0, 1)});
  database.execute("ALTER DATABASE " + database.name() + " SET timezone = 'Asia/Kathmandu'");
  database.execute("ALTER DATABASE " + database.name() + " SET datestyle = 'German, DMY'");
  node.start();
  REQUIRE(database.reaches("1 rows, 1 bytes"));
  const auto rows = reader_of(database.url());
  CHECK(names(*rows, {.domains = {}, .from = kFirst, .to = kFirst + 1}) == "a/d/0 ");
}

TEST_CASE(
    "postgres_reader: columns that an older table lacks are zero, those of a newer one nothing") {
  const DatabaseStage database;
  NodeStage node(database.url());
  bring_over(node, database, {row_of("a", "d", 0, 10)}, "1 rows, 10 bytes");
  database.execute(
      "ALTER TABLE weir_usage DROP COLUMN connection_milliseconds, "
      "ADD COLUMN of_tomorrow numeric DEFAULT 5");
  database.execute("UPDATE weir_usage SET closed = closed || '{\"of_tomorrow\": 3}'");
  Row wanted = row_of("a", "d", 0, 10);
  wanted.totals[gateway::usage::Field::connection_milliseconds] = 0;
  const std::string why =
      reader_of(database.url())
          ->read({.domains = {}, .from = 0, .to = kFirst + 300}, [&wanted](const Row& row) {
            CHECK(row.key == wanted.key);
            CHECK(row.totals == wanted.totals);
          });
  CHECK(why == "");
}

TEST_CASE("postgres_reader: a number that no count can be is an error, not a wrong sum") {
  const DatabaseStage database;
  NodeStage node(database.url());
  bring_over(node, database, {row_of("a", "d", 0, 10)}, "1 rows, 10 bytes");
  const auto rows = reader_of(database.url());
  for (const char* number : {"-1", "'NaN'", "18446744073709551616"}) {
    database.execute("UPDATE weir_usage SET client_bytes_in = " + std::string(number));
    const std::string why = rows->read({.domains = {}, .from = 0, .to = kFirst + 300},
                                       [](const Row& /*row*/) { FAIL_CHECK("no row is right"); });
    CHECK(has(why, "client_bytes_in"));
  }
  database.execute("UPDATE weir_usage SET client_bytes_in = 18446744073709551615");
  CHECK(names(*rows, {.domains = {}, .from = 0, .to = kFirst + 300}) == "a/d/0 ");
}

TEST_CASE("postgres_reader: connects again after the server ended its session") {
  const DatabaseStage database;
  database.execute(gateway::postgres::ddl());
  const auto rows = reader_of(database.url());
  database.execute(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
      "WHERE application_name = 'weir' AND datname = current_database()");
  const Selection all{.domains = {}, .from = 0, .to = 4'000'000'000};
  const auto nothing = [](const Row& /*row*/) {};
  CHECK(!rows->read(all, nothing).empty());
  CHECK(rows->read(all, nothing) == "");
}

TEST_CASE("postgres_reader: why it cannot be read, in words, without the password") {
  const DatabaseStage database;
  CHECK(has(why_not(database.url()), "no table weir_usage"));
  CHECK(has(why_not("host=/nowhere dbname=db password=secret"), "/nowhere"));
  const std::string wrong = why_not(database.url_as("nobody_there") + " password=secret");
  CHECK(has(wrong, "password authentication failed"));
  CHECK(!has(wrong, "secret"));
  CHECK(has(why_not("postgresql://u:se/cret@h/db"), "connection string"));
  CHECK(has(why_not("host=weir.invalid dbname=db"), "weir.invalid"));
  DatabaseStage::server().pause();
  CHECK(has(why_not(database.url()), "in time"));
  DatabaseStage::server().resume();
}
