// A ledger that an earlier version has made goes on under this one.
#include <fstream>
#include <iterator>
#include <string>

#include <doctest/doctest.h>
#include <sqlite3.h>

#include "gateway/usage/answers/verify.h"
#include "tests/gateway/usage/ledger/ledger_scene.h"
#include "tests/support/folder.h"

using gateway::outcome::Cause;
using gateway::usage::Field;
using gateway::usage::Row;
using tests::all_rows;
using tests::must_write;
using tests::opened;
using tests::row_of;

namespace {

constexpr int64_t kBucket = 1'796'057'700;

// Made by sqlite3 from before_http.sql, in a folder of its own.
struct Earlier {
  Earlier() {
    std::ifstream file(WEIR_SOURCE_DIR "/tests/gateway/usage/ledger/before_http.sql");
    const std::string sql{std::istreambuf_iterator<char>(file), {}};
    REQUIRE_FALSE(sql.empty());
    sqlite3* database = nullptr;
    REQUIRE(sqlite3_open(path.c_str(), &database) == SQLITE_OK);
    CHECK(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(database);
  }

  tests::Folder folder;
  std::string path = folder.file("usage.db");
};

void check_chat(const Row& row) {
  CHECK(row.key.domain == "chat.example.com");
  CHECK(row.key.bucket == kBucket);
  CHECK(row.totals[Field::client_bytes_in] == 170);
  CHECK(row.totals[Field::client_handshake_out] == 258);
  CHECK(row.totals[Field::client_http_in] == 46);
  CHECK(row.totals[Field::client_http_out] == 215);
  CHECK(row.totals[Field::sessions_ws] == 2);
  CHECK(row.totals[Field::connection_milliseconds] == 346);
  CHECK(row.totals.closed[static_cast<size_t>(Cause::client_close)] == 1);
  CHECK(row.totals.refused[static_cast<size_t>(Cause::not_an_upgrade)] == 1);
  CHECK(row.totals.answers[gateway::metrics::status_slot(426)] == 1);
}

}  // namespace

TEST_CASE("ledger upgrade: an earlier version's is read as it stands, by who may not change it") {
  const Earlier earlier;
  const auto rows = all_rows(earlier.path);
  REQUIRE(rows.size() == 2);
  check_chat(rows[1]);
  CHECK(rows[1].totals[Field::http_requests] == 0);
  CHECK(rows[1].totals.http_answers == gateway::usage::Totals().http_answers);
}

TEST_CASE("ledger upgrade: it takes what it could not hold before, beside what it has") {
  const Earlier earlier;
  Row row = row_of("chat.example.com", kBucket, 7);
  row.key.boot = "new-boot";
  row.totals[Field::http_requests] = 3;
  row.totals[Field::http_exchange_milliseconds] = 1234;
  row.totals.http_answers[gateway::metrics::http_status_slot(200)] = 2;
  row.totals.http_answers[gateway::metrics::http_status_slot(499)] = 1;
  {
    auto ledger = opened(earlier.path);
    must_write(ledger, {row});
    const auto changes = ledger.changes(0, 100);
    REQUIRE(changes);
    REQUIRE(changes->size() == 3);
    CHECK(changes->back().row.totals == row.totals);
  }
  // A second time there is nothing to add.
  const auto again = opened(earlier.path);
  const auto rows = all_rows(earlier.path);
  REQUIRE(rows.size() == 3);
  check_chat(rows[1]);
  CHECK(rows[2].totals == row.totals);
}

TEST_CASE("ledger upgrade: a boot goes on in it, and verify finds nothing wrong") {
  const Earlier earlier;
  {
    tests::Boot boot(earlier.folder.path(), "new-boot", 1);
    auto& meter = boot.meters().book(0).meter("chat.example.com");
    meter.begin_exchange();
    meter.answer_http(200);
    meter.add_http(Field::client_http_out, 5000);
    boot.tick_by(std::chrono::milliseconds{250});
    meter.end_exchange();
    REQUIRE(boot.flush());
    CHECK(boot.writer().figures().healthy);
  }
  uint64_t requests = 0;
  uint64_t out = 0;
  uint64_t milliseconds = 0;
  for (const Row& row : all_rows(earlier.path)) {
    requests += row.totals[Field::http_requests];
    out += row.totals[Field::client_http_out];
    milliseconds += row.totals[Field::http_exchange_milliseconds];
  }
  CHECK(requests == 1);
  CHECK(out == 5000 + 215 + 144);
  CHECK(milliseconds == 250);
  const auto verified =
      gateway::usage::answers::verify_state(earlier.folder.path(), 0, std::chrono::milliseconds{1});
  REQUIRE(verified);
  CHECK(verified->differences_found == 0);
}
