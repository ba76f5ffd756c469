#include "gateway/usage/answers/evidence.h"

#include <doctest/doctest.h>

#include "gateway/usage/ledger/writer.h"
#include "gateway/usage/meter/books.h"
#include "tests/support/folder.h"

using gateway::usage::Field;
using gateway::usage::Record;
using gateway::usage::RecordQueue;
using gateway::usage::Row;
using gateway::usage::answers::StateEvidence;
using gateway::usage::ledger::Reader;
using gateway::usage::ledger::SessionRow;
using gateway::usage::meter::Books;
using namespace std::chrono_literals;

namespace {

constexpr int64_t kMoment = 1'795'341'600;

// A node that lives: a domain's bytes are in the ledger, and some that have moved since are not.
struct Node {
  Node() {
    meters.book(0).tick(1s, std::chrono::seconds{kMoment});
    meters.book(0).meter("a").add(Field::client_bytes_out, 10);
    Record record;
    record.domain = "a";
    record.opened_ms = record.time_ms = kMoment * 1000;
    queue.push(record);
    REQUIRE(writer.flush());
    meters.book(0).meter("a").add(Field::client_bytes_out, 5);
  }

  tests::Folder folder;
  Books meters{{gateway::usage::meter::folder_of(folder.path()), "n1", "b1", 1}};
  RecordQueue queue;
  gateway::usage::ledger::Writer writer{
      {folder.path(), "n1", "b1", 1000ms, 24h * 93, [] { return std::chrono::seconds{kMoment}; }},
      meters,
      {&queue}};
};

}  // namespace

TEST_CASE("evidence: of a state_dir are its meters as they stand, its rows and its records") {
  Node node;
  auto reader = Reader::open(gateway::usage::ledger::file_path(node.folder.path()));
  REQUIRE(reader);
  StateEvidence evidence(node.folder.path(), **reader);
  const auto meters = evidence.meters();
  REQUIRE(meters);
  REQUIRE(meters->size() == 1);
  REQUIRE(meters->front().rows.size() == 1);
  CHECK(meters->front().rows[0].totals[Field::client_bytes_out] == 15);
  std::vector<Row> rows;
  CHECK(evidence.rows([&](const Row& row) { rows.push_back(row); }).empty());
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].totals[Field::client_bytes_out] == 10);
  std::vector<SessionRow> records;
  CHECK(evidence.sessions([&](const SessionRow& row) { records.push_back(row); }).empty());
  REQUIRE(records.size() == 1);
  CHECK(records[0].boot == "b1");
  CHECK(records[0].record.domain == "a");
}

TEST_CASE("evidence: a damaged meter file is there, with what is wrong with it") {
  Node node;
  node.folder.write("meters/other-0.meters", "no meter file");
  auto reader = Reader::open(gateway::usage::ledger::file_path(node.folder.path()));
  REQUIRE(reader);
  StateEvidence evidence(node.folder.path(), **reader);
  const auto meters = evidence.meters();
  REQUIRE(meters);
  REQUIRE(meters->size() == 2);
  CHECK(meters->at(0).damage.empty());
  CHECK_FALSE(meters->at(1).damage.empty());
}
