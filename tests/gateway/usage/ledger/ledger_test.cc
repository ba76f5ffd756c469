#include "gateway/usage/ledger/ledger.h"

#include <chrono>
#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>
#include <sqlite3.h>

#include "gateway/usage/ledger/database.h"
#include "gateway/usage/ledger/schema.h"
#include "tests/gateway/usage/ledger/ledger_rows.h"
#include "tests/support/folder.h"

using gateway::usage::Field;
using gateway::usage::Record;
using gateway::usage::Row;
using gateway::usage::ledger::Error;
using gateway::usage::ledger::Ledger;
using gateway::usage::ledger::Reader;
using gateway::usage::ledger::SessionRow;
using tests::all_rows;
using tests::kNoon;
using tests::must_write;
using tests::opened;
using tests::record_of;
using tests::row_of;

namespace {

void run_sql(const std::string& path, const char* sql) {
  sqlite3* database = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &database) == SQLITE_OK);
  CHECK(sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(database);
}

std::vector<SessionRow> all_sessions(const std::string& path) {
  auto reader = Reader::open(path);
  REQUIRE(reader);
  std::vector<SessionRow> rows;
  CHECK((*reader)
            ->read_sessions({{}, 0, kNoon * 2}, [&](const auto& row) { rows.push_back(row); })
            .empty());
  return rows;
}

void overwrite(const std::string& path, size_t offset, size_t size, char with) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(offset));
  file << std::string(size, with);
}

// Enough rows that the file has some hundred pages, and the log is in it.
std::string large_ledger(const tests::Folder& folder) {
  const std::string path = folder.file("usage.db");
  Ledger ledger = opened(path);
  for (int64_t bucket = 0; bucket < 20; ++bucket) {
    std::vector<Row> rows;
    for (int domain = 0; domain < 100; ++domain)
      rows.push_back(row_of("d" + std::to_string(domain), kNoon + bucket * 300, 1000));
    must_write(ledger, rows);
  }
  return path;
}

}  // namespace

TEST_CASE("ledger: a row is read back as it was written") {
  const tests::Folder folder;
  const std::string path = folder.file("usage.db");
  Row row = row_of("chat.example.com", kNoon, 12'345, true);
  row.key.part = 3;
  for (size_t i = 0; i < gateway::usage::kNumbers; ++i)
    gateway::usage::number_at(row.totals, i) = i * i + 1;
  Ledger ledger = opened(path);
  must_write(ledger, {row});
  const auto rows = all_rows(path);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].key == row.key);
  CHECK(rows[0].totals == row.totals);
  CHECK(rows[0].complete);
}

TEST_CASE("ledger: writing rows again changes nothing, not even their revision") {
  const tests::Folder folder;
  Ledger ledger = opened(folder.file("usage.db"));
  const std::vector<Row> rows{row_of("a", kNoon, 10), row_of("b", kNoon, 20)};
  must_write(ledger, rows);
  const auto before = ledger.changes(0, 100);
  must_write(ledger, rows);
  const auto after = ledger.changes(0, 100);
  REQUIRE(before);
  REQUIRE(after);
  REQUIRE(after->size() == 2);
  CHECK((*after)[0].revision == (*before)[0].revision);
  CHECK((*after)[1].row.totals == rows[1].totals);
}

TEST_CASE("ledger: a number never goes down, and a complete row stays as it is") {
  const tests::Folder folder;
  const std::string path = folder.file("usage.db");
  Ledger ledger = opened(path);
  Row early = row_of("a", kNoon, 10);
  early.totals.closed[2] = 1;
  Row late = row_of("a", kNoon, 30);
  late.totals.closed[2] = 5;
  must_write(ledger, {late});
  must_write(ledger, {early});
  CHECK(all_rows(path)[0].totals == late.totals);
  late.complete = true;
  must_write(ledger, {late});
  must_write(ledger, {row_of("a", kNoon, 99)});
  CHECK(all_rows(path)[0].totals == late.totals);
  CHECK(all_rows(path)[0].complete);
}

TEST_CASE("ledger: rows of boots, nodes and parts stand side by side") {
  const tests::Folder folder;
  const std::string path = folder.file("usage.db");
  Ledger ledger = opened(path);
  std::vector<Row> rows(4, row_of("a", kNoon, 5));
  rows[1].key.boot = "boot-2";
  rows[2].key.node = "node-2";
  rows[3].key.part = 1;
  must_write(ledger, rows);
  CHECK(all_rows(path).size() == 4);
  CHECK(tests::bytes_out(path) == 20);
}

TEST_CASE("ledger: changes come in the order of their revisions, the latest state of each row") {
  const tests::Folder folder;
  Ledger ledger = opened(folder.file("usage.db"));
  must_write(ledger, {row_of("a", kNoon, 1), row_of("b", kNoon, 1), row_of("c", kNoon, 1)});
  must_write(ledger, {row_of("a", kNoon, 2)});
  const auto first = ledger.changes(0, 2);
  REQUIRE(first);
  REQUIRE(first->size() == 2);
  CHECK((*first)[0].row.key.domain == "b");
  CHECK((*first)[1].row.key.domain == "c");
  const auto rest = ledger.changes((*first)[1].revision, 2);
  REQUIRE(rest);
  REQUIRE(rest->size() == 1);
  CHECK((*rest)[0].row.totals[Field::client_bytes_out] == 2);
}

TEST_CASE("ledger: revisions go on where a sink has come to, although everything was pruned") {
  const tests::Folder folder;
  const std::string path = folder.file("usage.db");
  Ledger ledger = opened(path);
  CHECK(*ledger.sink_revision("postgres") == 0);
  must_write(ledger, {row_of("a", kNoon, 1), row_of("b", kNoon, 1)});
  const auto sent = ledger.changes(0, 10);
  REQUIRE(sent);
  CHECK_FALSE(ledger.set_sink_revision("postgres", sent->back().revision));
  CHECK(*ledger.prune(kNoon + 300, 10) == 2);
  must_write(ledger, {row_of("c", kNoon, 1)});
  CHECK(ledger.changes(*ledger.sink_revision("postgres"), 10)->size() == 1);
}

TEST_CASE("ledger: the latest record of a session is kept, whatever order they come in") {
  const tests::Folder folder;
  const std::string path = folder.file("usage.db");
  Ledger ledger = opened(path);
  Record stop = record_of(1, 2, 500);
  stop.kind = Record::Kind::stop;
  stop.end = {gateway::outcome::By::client, gateway::outcome::Stage::closing,
              gateway::outcome::Cause::client_close, proto::ws::CloseCode::going_away};
  const std::vector<Record> records{record_of(1, 0, 0), stop, record_of(1, 1, 200),
                                    record_of(2, 0, 7)};
  CHECK_FALSE(ledger.write({.node = "node-1", .boot = "boot-1", .records = records}));
  const auto rows = all_sessions(path);
  REQUIRE(rows.size() == 2);
  const Record& found = rows[1].record;
  CHECK(rows[1].node == "node-1");
  CHECK(rows[1].boot == "boot-1");
  CHECK(found.kind == Record::Kind::stop);
  CHECK(found.sequence == 2);
  CHECK(found.session == stop.session);
  CHECK(found.client == "192.0.2.1");
  CHECK(found.origin == stop.origin);
  CHECK(found.time_ms == stop.time_ms);
  CHECK(found.duration_ms == stop.duration_ms);
  CHECK(found.end.by == gateway::outcome::By::client);
  CHECK(found.end.stage == gateway::outcome::Stage::closing);
  CHECK(found.end.cause == gateway::outcome::Cause::client_close);
  CHECK(found.end.code == proto::ws::CloseCode::going_away);
  CHECK(found.totals == stop.totals);
  CHECK(rows[0].record.kind == Record::Kind::start);
}

TEST_CASE("ledger: prunes what is old, in chunks, and keeps the rest") {
  const tests::Folder folder;
  const std::string path = folder.file("usage.db");
  Ledger ledger = opened(path);
  tests::write_buckets(ledger, 10);
  const std::vector<Record> records{record_of(1, 0, 1), record_of(2, 100, 1)};
  const std::vector<gateway::usage::ledger::ClockStep> steps{{kNoon * 1000, -5000}};
  CHECK_FALSE(ledger.write({.node = "n", .boot = "b", .records = records, .clock_steps = steps}));
  CHECK(*ledger.prune(kNoon + 900, 2) == 4);  // two rows, a session and a clock step
  CHECK(*ledger.prune(kNoon + 900, 2) == 1);
  CHECK(*ledger.prune(kNoon + 900, 2) == 0);
  CHECK(all_rows(path).size() == 7);
  CHECK(all_sessions(path).size() == 1);
}

TEST_CASE("ledger: an empty file becomes a ledger, one of a later version is left alone") {
  const tests::Folder folder;
  const std::string path = folder.write("usage.db", "");
  must_write(*std::make_unique<Ledger>(opened(path)), {row_of("a", kNoon, 1)});
  CHECK(all_rows(path).size() == 1);
  run_sql(path, "PRAGMA user_version=99");
  const auto newer = Ledger::open(path);
  REQUIRE_FALSE(newer);
  CHECK(newer.error().kind == Error::Kind::newer);
  const auto reader = Reader::open(path);
  REQUIRE_FALSE(reader);
  CHECK(reader.error().find("later version") != std::string::npos);
}

TEST_CASE("ledger: a field that an earlier version did not count gets its column, with zeros") {
  const tests::Folder folder;
  const std::string path = folder.file("usage.db");
  must_write(*std::make_unique<Ledger>(opened(path)), {row_of("a", kNoon, 9)});
  run_sql(path,
          "ALTER TABLE usage_row DROP COLUMN units_2k_in;"
          "ALTER TABLE session DROP COLUMN sessions_wss");
  REQUIRE(all_rows(path).size() == 1);  // a reader of this version, before the writer came
  Ledger ledger = opened(path);
  Row row = row_of("b", kNoon, 1);
  row.totals[Field::units_2k_in] = 4;
  must_write(ledger, {row});
  const auto rows = all_rows(path);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].totals == row_of("a", kNoon, 9).totals);
  CHECK(rows[1].totals[Field::units_2k_in] == 4);
}

TEST_CASE("ledger: another program's database is not written to") {
  const tests::Folder folder;
  const std::string path = folder.file("usage.db");
  run_sql(path, "CREATE TABLE theirs(a)");
  const auto ledger = Ledger::open(path);
  REQUIRE_FALSE(ledger);
  CHECK(ledger.error().kind == Error::Kind::damaged);
}

TEST_CASE("ledger: damage is found when the file is opened") {
  const tests::Folder folder;
  const std::string path = large_ledger(folder);
  const size_t size = std::filesystem::file_size(path);
  REQUIRE(size > 50 * 4096);
  SUBCASE("a page of zeros in the middle") { overwrite(path, size / 2 / 4096 * 4096, 4096, '\0'); }
  SUBCASE("garbage in front") { overwrite(path, 0, 4096, 'x'); }
  SUBCASE("cut off") { std::filesystem::resize_file(path, size / 2); }
  SUBCASE("cut off within the first page") { std::filesystem::resize_file(path, 300); }
  const auto ledger = Ledger::open(path);
  REQUIRE_FALSE(ledger);
  INFO(ledger.error().text);
  CHECK(ledger.error().kind == Error::Kind::damaged);
  std::string new_path;
  CHECK(gateway::usage::ledger::set_aside(path, new_path).empty());
  CHECK(new_path.starts_with(path + ".damaged-"));
  CHECK(std::filesystem::exists(new_path));
  must_write(*std::make_unique<Ledger>(opened(path)), {row_of("a", kNoon, 1)});
  CHECK(tests::bytes_out(path) == 1);
}

TEST_CASE("ledger: damage that comes later is an error of whoever reads it, never a wrong sum") {
  const tests::Folder folder;
  const std::string path = large_ledger(folder);
  auto reader = Reader::open(path);
  REQUIRE(reader);
  const size_t size = std::filesystem::file_size(path);
  for (size_t page = 5; page < size / 4096; ++page) overwrite(path, page * 4096, 4096, '\x5a');
  const std::string error = (*reader)->read({{}, 0, kNoon * 2}, [](const Row&) {});
  CHECK_FALSE(error.empty());
}

TEST_CASE("ledger: notices that another file has taken its place") {
  const tests::Folder folder;
  const std::string path = folder.file("usage.db");
  Ledger ledger = opened(path);
  CHECK(ledger.changes(0, 1));
  std::string new_path;
  CHECK(gateway::usage::ledger::set_aside(path, new_path).empty());
  const Ledger other = opened(path);
  CHECK_FALSE(ledger.changes(0, 1));
}

TEST_CASE("ledger: a folder that cannot be written is trouble, not damage") {
  const auto ledger = Ledger::open("/proc/usage.db");
  REQUIRE_FALSE(ledger);
  CHECK(ledger.error().kind == Error::Kind::trouble);
}

TEST_CASE("ledger: numbers beyond its integers are cut to the largest one") {
  const tests::Folder folder;
  const std::string path = folder.file("usage.db");
  Ledger ledger = opened(path);
  must_write(ledger, {row_of("a", kNoon, UINT64_MAX / 2 + 7)});
  CHECK(all_rows(path)[0].totals[Field::client_bytes_out] == INT64_MAX);
}

TEST_CASE("ledger: the larger count of each name") {
  using gateway::usage::ledger::larger_counts;
  CHECK(larger_counts(R"({"a":1,"b":5})", R"({"a":3,"c":1})") == R"({"a":3,"b":5,"c":1})");
  CHECK(larger_counts("not json", R"({"a":3})") == R"({"a":3})");
  CHECK(larger_counts("[1]", "") == "{}");
  CHECK(larger_counts(R"({"a":"x"})", R"({"a":-1,"b":[]})") == R"({"a":"x"})");
}
