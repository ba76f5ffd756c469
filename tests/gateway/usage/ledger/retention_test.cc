#include "gateway/usage/ledger/retention.h"

#include <doctest/doctest.h>

#include "tests/gateway/usage/ledger/ledger_rows.h"
#include "tests/support/folder.h"

using gateway::usage::Row;
using gateway::usage::ledger::Ledger;
using gateway::usage::ledger::Retention;
using std::chrono::hours;
using tests::all_rows;
using tests::kNoon;
using tests::must_write;
using tests::opened;
using tests::row_of;

namespace {

constexpr int64_t kHour = 3600;

}  // namespace

TEST_CASE("retention: what is older than it keeps goes, unless it is needed, and then it rests") {
  const tests::Folder folder;
  const std::string path = folder.file("usage.db");
  Ledger ledger = opened(path);
  must_write(ledger, {row_of("a", kNoon, 1), row_of("a", kNoon + 10 * kHour, 2)});
  const int64_t now = kNoon + 11 * kHour;

  Retention needed(hours{2});
  CHECK_FALSE(needed.prune(ledger, now, kNoon));
  CHECK(all_rows(path).size() == 2);

  Retention retention(hours{2});
  CHECK_FALSE(retention.prune(ledger, now, now));
  const std::vector<Row> rows = all_rows(path);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].key.bucket == kNoon + 10 * kHour);

  must_write(ledger, {row_of("b", kNoon, 1)});
  CHECK_FALSE(retention.prune(ledger, now, now));
  CHECK(all_rows(path).size() == 2);
}

TEST_CASE("retention: a clock that is set far ahead makes nothing old at once") {
  const tests::Folder folder;
  const std::string path = folder.file("usage.db");
  Ledger ledger = opened(path);
  must_write(ledger, {row_of("a", kNoon, 1)});
  Retention retention(hours{24});
  const int64_t ahead = kNoon + 1000 * 24 * kHour;
  CHECK(retention.time(ahead) == ahead);
  retention.find_latest(path, ahead);
  CHECK(retention.time(ahead) >= kNoon);
  CHECK(retention.time(ahead) < kNoon + 24 * kHour);
  CHECK(retention.time(kNoon - 7) == kNoon - 7);
}
