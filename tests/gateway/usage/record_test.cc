#include "gateway/usage/record.h"

#include <thread>
#include <utility>

#include <doctest/doctest.h>

namespace {

using namespace gateway::usage;

Record numbered(uint32_t sequence) {
  Record record;
  record.sequence = sequence;
  return record;
}

TEST_CASE("record: the kinds have the AAA words") {
  CHECK(to_string(Record::Kind::start) == "start");
  CHECK(to_string(Record::Kind::interim) == "interim");
  CHECK(to_string(Record::Kind::stop) == "stop");
}

TEST_CASE("record: totals are zeros until there are some, and each copy has its own") {
  Record record;
  CHECK(record.totals == RecordTotals());
  CHECK(std::as_const(record).totals[Field::client_bytes_in] == 0);
  record.totals[Field::client_bytes_in] = 7;
  Record copy = record;
  copy.totals[Field::client_bytes_in] = 8;
  CHECK(std::as_const(record).totals[Field::client_bytes_in] == 7);
  CHECK_FALSE(copy.totals == record.totals);
  copy = Record();
  CHECK(copy.totals == RecordTotals());
  CHECK(RecordTotals(SessionTotals()) == RecordTotals());
}

TEST_CASE("record queue: gives back what was pushed, in order and once") {
  RecordQueue queue;
  for (uint32_t i = 0; i < 3; ++i) queue.push(numbered(i));
  const auto records = queue.take();
  REQUIRE(records.size() == 3);
  CHECK(records[0].sequence == 0);
  CHECK(records[2].sequence == 2);
  CHECK(queue.take().empty());
  CHECK(queue.dropped() == 0);
}

TEST_CASE("record queue: a session's next record takes the place of one that still waits") {
  RecordQueue queue;
  static_cast<void>(queue.push(numbered(100)));
  auto ticket = queue.push(numbered(0));
  static_cast<void>(queue.push(numbered(200)));
  ticket = queue.push(numbered(1), ticket);
  auto records = queue.take();
  REQUIRE(records.size() == 3);
  CHECK(records[1].sequence == 1);
  // Taken: the next one waits on its own, and what follows in its place.
  ticket = queue.push(numbered(2), ticket);
  static_cast<void>(queue.push(numbered(3), ticket));
  records = queue.take(std::move(records));
  REQUIRE(records.size() == 1);
  CHECK(records[0].sequence == 3);
}

TEST_CASE("record queue: memory is handed back and forth, but for what a burst has left") {
  RecordQueue queue;
  for (uint32_t i = 0; i < 50; ++i) queue.push(numbered(i));
  auto records = queue.take();
  const Record* const memory = records.data();
  gateway::usage::clear_records(records);
  CHECK(records.capacity() >= 50);
  records = queue.take(std::move(records));
  queue.push(numbered(7));
  records = queue.take();
  REQUIRE(records.size() == 1);
  CHECK(records.data() == memory);
  for (uint32_t i = 0; i < 1'000; ++i) queue.push(numbered(i));
  records = queue.take();
  CHECK(records.size() == 1'000);
  gateway::usage::clear_records(records);
  CHECK(records.capacity() == 0);
}

TEST_CASE("record queue: drops and counts beyond its cap, and takes more once it was emptied") {
  RecordQueue queue;
  for (size_t i = 0; i < RecordQueue::kMost + 5; ++i) queue.push(numbered(1));
  CHECK(queue.dropped() == 5);
  CHECK(queue.take().size() == RecordQueue::kMost);
  queue.push(numbered(2));
  CHECK(queue.take().size() == 1);
  CHECK(queue.dropped() == 5);
}

TEST_CASE("record queue: one thread pushes while another takes") {
  constexpr uint32_t kRecords = 20'000;
  RecordQueue queue;
  std::thread worker([&queue] {
    for (uint32_t i = 0; i < kRecords; ++i) queue.push(numbered(i));
  });
  uint32_t next = 0;
  while (next < kRecords) {
    for (const Record& record : queue.take()) CHECK(record.sequence == next++);
  }
  worker.join();
}

}  // namespace
