#include <array>
#include <atomic>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <doctest/doctest.h>

#include "gateway/usage/ledger/ledger.h"
#include "tests/gateway/usage/ledger/ledger_rows.h"
#include "tests/support/folder.h"

using gateway::usage::Field;
using gateway::usage::kGivenUp;
using gateway::usage::kLookUp;
using gateway::usage::Record;
using gateway::usage::Row;
using gateway::usage::Selection;
using gateway::usage::ledger::Ledger;
using gateway::usage::ledger::Reader;
using tests::all_rows;
using tests::kNoon;
using tests::must_write;
using tests::opened;
using tests::record_of;
using tests::row_of;

namespace {

std::vector<std::string> names_of(const std::vector<Row>& rows) {
  std::vector<std::string> names;
  for (const Row& row : rows)
    names.push_back(row.key.domain + "@" + std::to_string(row.key.bucket - kNoon));
  return names;
}

// Whether every answer was whole: each transaction writes all domains with the same number.
bool read_whole_states(const std::string& path) {
  for (int i = 0; i < 60; ++i) {
    const auto reader = Reader::open(path);
    if (!reader) return false;
    std::vector<uint64_t> seen;
    const std::string error = (*reader)->read({{}, 0, kNoon * 2}, [&seen](const Row& row) {
      seen.push_back(row.totals[Field::client_bytes_out]);
    });
    if (!error.empty() || seen.size() != 50) return false;
    if (std::adjacent_find(seen.begin(), seen.end(), std::not_equal_to<>()) != seen.end())
      return false;
  }
  return true;
}

}  // namespace

TEST_CASE("ledger reader: rows come by bucket, then domain, whether picked or looked up") {
  const tests::Folder folder;
  const std::string path = folder.file("usage.db");
  Ledger ledger = opened(path);
  must_write(ledger, {row_of("b", kNoon + 300, 1), row_of("a", kNoon + 300, 1),
                      row_of("c", kNoon, 1), row_of("a", kNoon, 1), row_of("a", kNoon + 9000, 1)});
  using Names = std::vector<std::string>;
  CHECK(names_of(all_rows(path)) == Names{"a@0", "c@0", "a@300", "b@300", "a@9000"});
  CHECK(names_of(all_rows(path, {"b", "a", "a"})) == Names{"a@0", "a@300", "b@300", "a@9000"});
  std::vector<std::string> many;
  for (int i = 0; i < 100; ++i) many.push_back("other" + std::to_string(i));
  CHECK(all_rows(path, many).empty());
  many.emplace_back("c");
  CHECK(names_of(all_rows(path, many)) == Names{"c@0"});
}

TEST_CASE("ledger reader: a range has its begin and not its end") {
  const tests::Folder folder;
  const std::string path = folder.file("usage.db");
  Ledger ledger = opened(path);
  tests::write_buckets(ledger, 4);
  const auto reader = Reader::open(path);
  REQUIRE(reader);
  for (const std::vector<std::string>& domains : {std::vector<std::string>{}, {"a"}}) {
    std::vector<Row> rows;
    CHECK((*reader)
              ->read({domains, kNoon + 300, kNoon + 900},
                     [&rows](const Row& row) { rows.push_back(row); })
              .empty());
    CHECK(names_of(rows) == std::vector<std::string>{"a@300", "a@600"});
  }
  const auto extent = (*reader)->extent();
  REQUIRE(extent);
  CHECK(extent->first == kNoon);
  CHECK(extent->last == kNoon + 900);
}

TEST_CASE("ledger reader: stops reading when nobody waits any more") {
  const tests::Folder folder;
  const std::string path = folder.file("usage.db");
  Ledger ledger = opened(path);
  std::vector<Row> rows;
  for (size_t i = 0; i < 3 * kLookUp; ++i)
    rows.push_back(row_of("d" + std::to_string(i), kNoon, 1));
  must_write(ledger, rows);
  const auto reader = Reader::open(path);
  REQUIRE(reader.has_value());
  std::vector<std::string> looked_up(30, "d1");
  for (size_t i = 0; i < looked_up.size(); ++i) looked_up[i] += std::to_string(i);
  size_t seen = 0;
  size_t asked = 0;
  const auto read = [&](Selection selection) {
    seen = asked = 0;
    return (*reader)->read(selection, [&seen](const Row&) { ++seen; });
  };
  // A walk over all rows, whether they are wanted or not.
  const auto after_two = [&asked] { return ++asked == 2; };
  CHECK(read({{}, kNoon, kNoon + 300, after_two}) == kGivenUp);
  CHECK(seen == 2 * kLookUp);
  std::vector<std::string> absent(100, "absent");
  CHECK(read({absent, kNoon, kNoon + 300, after_two}) == kGivenUp);
  CHECK(asked == 2);
  CHECK(read({{}, kNoon, kNoon + 300, [] { return false; }}).empty());
  CHECK(seen == 3 * kLookUp);
  // The reader is as good as before.
  CHECK(read({looked_up, kNoon, kNoon + 300, [] { return true; }}).empty());
  CHECK(seen == looked_up.size());
}

TEST_CASE("ledger reader: sessions that ended or were open in a range") {
  const tests::Folder folder;
  const std::string path = folder.file("usage.db");
  Ledger ledger = opened(path);
  const std::vector<Record> records{record_of(1, 0, 1), record_of(2, 100, 1)};
  CHECK_FALSE(ledger.write({.node = "n", .boot = "b", .records = records}));
  const auto reader = Reader::open(path);
  REQUIRE(reader);
  const auto found = [&reader](int64_t from, int64_t to) {
    size_t number = 0;
    CHECK(
        (*reader)
            ->read_sessions({{"chat.example.com"}, from, to}, [&number](const auto&) { ++number; })
            .empty());
    return number;
  };
  CHECK(found(kNoon, kNoon + 300) == 2);
  CHECK(found(kNoon + 300, kNoon + 600) == 1);
  CHECK(found(kNoon + 1200, kNoon + 1500) == 0);
  CHECK(found(kNoon - 300, kNoon) == 0);
}

TEST_CASE("ledger reader: says why there is nothing to read") {
  const tests::Folder folder;
  const auto none = Reader::open(folder.file("usage.db"));
  REQUIRE_FALSE(none);
  CHECK(none.error().find("there is no ledger here") != std::string::npos);
  const auto garbage = Reader::open(folder.write("garbage.db", std::string(5000, 'x')));
  REQUIRE_FALSE(garbage);
  CHECK(garbage.error().find("garbage.db") != std::string::npos);
  const Ledger ledger = opened(folder.file("empty.db"));
  const auto empty = Reader::open(folder.file("empty.db"));
  REQUIRE(empty);
  CHECK_FALSE((*empty)->extent());
}

TEST_CASE("ledger reader: two other processes see whole transactions while one writes") {
  const tests::Folder folder;
  const std::string path = folder.file("usage.db");
  const auto write = [](Ledger& ledger, uint64_t number) {
    std::vector<Row> rows;
    for (int i = 0; i < 50; ++i) rows.push_back(row_of("d" + std::to_string(i), kNoon, number));
    must_write(ledger, rows);
  };
  write(*std::make_unique<Ledger>(opened(path)), 1);
  // SQLite must not be open across a fork, so the writer opens its ledger after it.
  std::array<pid_t, 2> readers{};
  for (pid_t& reader : readers) {
    reader = ::fork();
    if (reader == 0) ::_exit(read_whole_states(path) ? 0 : 1);
  }
  Ledger ledger = opened(path);
  for (uint64_t number = 2; number < 100; ++number) write(ledger, number);
  for (const pid_t reader : readers) {
    int status = -1;
    CHECK(::waitpid(reader, &status, 0) == reader);
    CHECK(status == 0);
  }
}

TEST_CASE("ledger reader: what was only just begun has counted nothing, and is not damaged") {
  const tests::Folder folder;
  const auto begun = Reader::open(folder.write("usage.db", ""));
  REQUIRE_FALSE(begun);
  CHECK(begun.error() ==
        folder.file("usage.db") + ": the ledger was only just begun: nothing is counted yet");
}
