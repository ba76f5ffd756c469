#include <map>
#include <set>
#include <thread>

#include <doctest/doctest.h>

#include "gateway/usage/meter/book.h"
#include "tests/gateway/usage/buckets.h"

namespace {

using namespace gateway::usage;
using namespace gateway::usage::meter;
using namespace std::chrono_literals;
using gateway::outcome::Cause;

using tests::kBegin;
using tests::kNow;
using tests::kWall;

Book::Plan in_memory() { return {.folder = "", .node = "n1", .boot = "b1"}; }

// Both clocks, going on together.
struct Clocks {
  milliseconds now = kNow;
  milliseconds wall = kWall;

  milliseconds tick(Book& book, milliseconds passed = 0ms) {
    now += passed;
    wall += passed;
    return book.tick(now, wall);
  }
};

std::map<RowKey, Totals> rows(const Book& book) {
  std::map<RowKey, Totals> found;
  std::set<std::pair<RowKey, uint16_t>> sheets;
  for (const Book::Reading& reading : book.read()) {
    CHECK(sheets.emplace(reading.key, reading.slot->sheet).second);
    found[reading.key] += reading.totals;
  }
  return found;
}

RowKey key(int64_t bucket, uint32_t part = 0) { return {"n1", "b1", "a.example", bucket, part}; }

TEST_CASE("meter: what is added stands in the slot of its domain and bucket") {
  Book book(in_memory());
  Clocks clocks;
  clocks.tick(book);
  Meter& meter = book.meter("a.example");
  CHECK(&book.meter("a.example") == &meter);
  meter.add(Field::client_bytes_out, 1000);
  meter.add(Field::client_bytes_out, 24);
  meter.refuse(Cause::quota);
  meter.answer(101);
  meter.answer(418);

  const auto found = rows(book);
  REQUIRE(found.size() == 1);
  const Totals& totals = found.at(key(kBegin));
  CHECK(totals[Field::client_bytes_out] == 1024);
  CHECK(totals.refused[static_cast<size_t>(Cause::quota)] == 1);
  CHECK(totals.answers.front() == 1);
  CHECK(totals.answers.back() == 1);
}

TEST_CASE("meter: what a domain does not use takes no slot: sessions, plain requests, rare ends") {
  Book book(in_memory());
  Clocks clocks;
  clocks.tick(book);
  const auto slots_after = [&book](auto use) {
    const size_t before = book.read().size();
    use();
    return book.read().size() - before;
  };
  Meter& chat = book.meter("chat.example");
  CHECK(slots_after([&] {
          chat.open(true);
          chat.answer(101);
          for (size_t i = 0; i < kSessionFields; ++i) chat.add(static_cast<Field>(i), 1);
          chat.close(Cause::client_close);
        }) == 1);
  Meter& shop = book.meter("shop.example");
  CHECK(slots_after([&] {
          shop.begin_exchange();
          shop.answer_http(200);
          for (size_t i = kSessionFields; i < kFields; ++i) shop.add_http(static_cast<Field>(i), 1);
          shop.end_exchange();
        }) == 1);
  CHECK(slots_after([&] { chat.refuse(Cause::quota); }) == 1);
  CHECK(slots_after([&] { chat.refuse(Cause::quota); }) == 0);
}

TEST_CASE("meter: a request and its answer are counted as one, by status") {
  Book book(in_memory());
  Clocks clocks;
  clocks.tick(book);
  Meter& meter = book.meter("a.example");
  for (const int status : {200, 200, 304, 418}) meter.answer_http(status);
  const Totals totals = rows(book).at(key(kBegin));
  CHECK(totals[Field::http_requests] == 4);
  CHECK(totals.http_answers[gateway::metrics::http_status_slot(200)] == 2);
  CHECK(totals.http_answers[gateway::metrics::http_status_slot(304)] == 1);
  CHECK(totals.http_answers.back() == 1);
  CHECK(totals.answers == Totals().answers);
}

TEST_CASE("meter: the time of exchanges runs while they do, beside that of sessions") {
  Book book(in_memory());
  Clocks clocks;
  clocks.tick(book);
  Meter& meter = book.meter("a.example");
  meter.begin_exchange();
  CHECK(meter.exchanges() == 1);
  clocks.tick(book, 1s);
  CHECK(rows(book).at(key(kBegin))[Field::http_exchange_milliseconds] == 1000);
  meter.open(false);
  meter.begin_exchange();
  clocks.tick(book, 1s);
  meter.end_exchange();
  meter.end_exchange();
  clocks.tick(book, 1s);
  const Totals totals = rows(book).at(key(kBegin));
  CHECK(totals[Field::http_exchange_milliseconds] == 3000);
  CHECK(totals[Field::connection_milliseconds] == 2000);
  CHECK(meter.exchanges() == 0);
  // Of time between two ticks, too.
  book.set_now(clocks.now + 10ms);
  meter.begin_exchange();
  book.set_now(clocks.now + 35ms);
  meter.end_exchange();
  CHECK(rows(book).at(key(kBegin))[Field::http_exchange_milliseconds] == 3025);
}

TEST_CASE("meter: a domain without usage has no row") {
  Book book(in_memory());
  book.meter("a.example");
  Clocks clocks;
  clocks.tick(book);
  clocks.tick(book, 400s);
  CHECK(book.read().empty());
}

TEST_CASE("meter: is usable before the first tick, in the bucket of the system's clock") {
  const auto seconds_now = [] {
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  };
  const int64_t before = bucket_of(seconds_now());
  Book book(in_memory());
  book.meter("a.example").open(false);
  book.meter("a.example").add(Field::client_bytes_in, 1);
  const auto readings = book.read();
  REQUIRE(readings.size() == 1);
  CHECK(readings[0].key.bucket >= before);
  CHECK(readings[0].key.bucket <= bucket_of(seconds_now()));
  CHECK_FALSE(readings[0].past);

  // The first tick does not take the monotonic clock's whole age for an open session's.
  book.tick(kNow, std::chrono::seconds{readings[0].key.bucket});
  CHECK(book.read()[0].totals[Field::connection_milliseconds] == 0);
}

TEST_CASE("book: bytes belong to the bucket in which they moved, and sums are exact over rolls") {
  Book book(in_memory());
  Clocks clocks;
  Meter& meter = book.meter("a.example");
  std::map<RowKey, Totals> expected;
  uint64_t all = 0;
  for (uint64_t second = 0; second < 3 * 300; ++second) {
    clocks.tick(book, second == 0 ? 0ms : 1000ms);
    meter.add(Field::client_bytes_out, second + 7);
    expected[key(bucket_of(clocks.wall.count() / 1000))][Field::client_bytes_out] += second + 7;
    all += second + 7;
  }
  const auto found = rows(book);
  CHECK(found == expected);
  CHECK(found.size() == 3);
  uint64_t sum = 0;
  for (const auto& [unused, totals] : found) sum += totals[Field::client_bytes_out];
  CHECK(sum == all);
}

TEST_CASE("book: asks for its next tick after a second, or when the bucket ends") {
  Book book(in_memory());
  CHECK(book.tick(kNow, kWall) == kNow + 1000ms);
  CHECK(book.tick(kNow + 1s, kWall + 299'400ms) == kNow + 1s + 600ms);
  CHECK(book.tick(kNow + 2s, kWall + 299'999ms) == kNow + 2s + 1ms);
}

TEST_CASE("book: only a bucket that the worker has left is past") {
  Book book(in_memory());
  Clocks clocks;
  clocks.tick(book);
  Meter& meter = book.meter("a.example");
  meter.add(Field::client_bytes_out, 1);
  CHECK_FALSE(book.read()[0].past);
  clocks.tick(book, 299'999ms);
  CHECK_FALSE(book.read()[0].past);
  clocks.tick(book, 1ms);
  CHECK(book.read()[0].past);
  meter.add(Field::client_bytes_out, 1);
  const auto readings = book.read();
  REQUIRE(readings.size() == 2);
  CHECK(readings[0].past != readings[1].past);
}

TEST_CASE("meter: connection time runs while sessions are open, and is split at the boundary") {
  Book book(in_memory());
  Clocks clocks;
  clocks.tick(book);
  clocks.tick(book, 299s);
  Meter& meter = book.meter("a.example");
  meter.open(true);
  meter.open(false);
  CHECK(meter.sessions() == 2);
  // 8 ms late, as the loop's wheel may be.
  clocks.tick(book, 1008ms);
  clocks.tick(book, 992ms);
  meter.close(Cause::client_close);
  clocks.tick(book, 1s);
  meter.close(Cause::drain);
  clocks.tick(book, 10s);

  const auto found = rows(book);
  REQUIRE(found.size() == 2);
  const Totals& first = found.at(key(kBegin));
  const Totals& second = found.at(key(kBegin + 300));
  CHECK(first[Field::connection_milliseconds] == 2 * 1000);
  CHECK(first[Field::sessions_ws] == 1);
  CHECK(first[Field::sessions_wss] == 1);
  CHECK(second[Field::connection_milliseconds] == 2 * 1000 + 1000);
  CHECK(second[Field::sessions_ws] == 0);
  CHECK(second.closed[static_cast<size_t>(Cause::client_close)] == 1);
  CHECK(second.closed[static_cast<size_t>(Cause::drain)] == 1);
  CHECK(meter.sessions() == 0);
}

TEST_CASE("meter: an open session without a byte has connection time in every bucket") {
  Book book(in_memory());
  Clocks clocks;
  clocks.tick(book);
  book.meter("a.example").open(false);
  for (int i = 0; i < 900; ++i) clocks.tick(book, 1s);
  const auto found = rows(book);
  REQUIRE(found.size() == 3);
  for (const auto& [unused, totals] : found) {
    CHECK(totals[Field::connection_milliseconds] == 300'000);
  }
}

TEST_CASE("meter: sessions that open and close between ticks count by the time that was set") {
  Book book(in_memory());
  Clocks clocks;
  clocks.tick(book);
  Meter& meter = book.meter("a.example");
  meter.open(false);
  book.set_now(kNow + 250ms);
  meter.close(Cause::origin_close);
  book.set_now(kNow);  // never back
  meter.open(false);
  meter.close(Cause::origin_close);
  clocks.tick(book, 1s);
  CHECK(rows(book).at(key(kBegin))[Field::connection_milliseconds] == 250);
}

TEST_CASE("book: domains open and close sessions in any order") {
  Book book(in_memory());
  Clocks clocks;
  clocks.tick(book);
  std::vector<Meter*> meters;
  for (const char* name : {"a", "b", "c", "d"}) meters.push_back(&book.meter(name));
  for (Meter* meter : meters) meter->open(false);
  for (const size_t i : {1U, 3U, 0U}) {
    clocks.tick(book, 1s);
    meters[i]->close(Cause::drain);
  }
  clocks.tick(book, 1s);
  meters[3]->open(false);
  clocks.tick(book, 1s);
  std::map<std::string, uint64_t> connected;
  for (const auto& [of, totals] : rows(book))
    connected[of.domain] = totals[Field::connection_milliseconds];
  CHECK(connected ==
        std::map<std::string, uint64_t>{{"a", 3000}, {"b", 1000}, {"c", 5000}, {"d", 3000}});
}

TEST_CASE("book: a wall clock that goes back to an earlier bucket begins another part") {
  Book book(in_memory());
  Clocks clocks;
  Meter& meter = book.meter("a.example");
  const auto count = [&meter] { meter.add(Field::client_bytes_out, 10); };
  clocks.tick(book);
  count();
  clocks.tick(book, 300s);
  count();
  clocks.wall -= 300s;
  clocks.tick(book, 1s);
  count();
  CHECK(book.take_clock_step() == -300s);
  CHECK(book.take_clock_step() == 0ms);

  const auto readings = book.read();
  REQUIRE(readings.size() == 3);
  for (const Book::Reading& reading : readings) {
    CHECK(reading.totals[Field::client_bytes_out] == 10);
    CHECK(reading.past == (reading.key.part == 0));
  }
  CHECK(rows(book).contains(key(kBegin, 1)));
  clocks.tick(book, 300s);
  count();
  CHECK(rows(book).contains(key(kBegin + 300, 1)));
}

TEST_CASE("book: a step within a bucket and drift change nothing; a step forward, the bucket") {
  Book book(in_memory());
  Clocks clocks;
  Meter& meter = book.meter("a.example");
  clocks.tick(book, 100s);
  meter.open(false);
  clocks.wall -= 50s;
  clocks.tick(book, 1s);
  meter.add(Field::client_bytes_out, 1);
  CHECK(book.take_clock_step() == -50s);
  clocks.wall += 2s;
  clocks.tick(book, 1s);
  CHECK(book.take_clock_step() == 0ms);
  CHECK(rows(book).size() == 1);

  clocks.wall += 1h;
  clocks.tick(book, 1s);
  meter.add(Field::client_bytes_out, 1);
  CHECK(book.take_clock_step() == 1h);
  const auto found = rows(book);
  REQUIRE(found.size() == 2);
  CHECK(found.contains(key(kBegin + 3600)));
  uint64_t spent = 0;
  for (const auto& [unused, totals] : found) spent += totals[Field::connection_milliseconds];
  CHECK(spent == 3000);
}

TEST_CASE("book: survives any wall clock") {
  Book book(in_memory());
  Meter& meter = book.meter("a.example");
  milliseconds now = kNow;
  uint64_t added = 0;
  for (const milliseconds wall : {milliseconds{-1}, milliseconds::max(), milliseconds::min(), kWall,
                                  milliseconds{0}, milliseconds::max()}) {
    book.tick(now += 1s, wall);
    meter.add(Field::client_bytes_out, 1);
    ++added;
  }
  uint64_t sum = 0;
  for (const auto& [unused, totals] : rows(book)) sum += totals[Field::client_bytes_out];
  CHECK(sum == added);
}

TEST_CASE("book: ten thousand domains, each to the byte, over a boundary") {
  Book book(in_memory());
  Clocks clocks;
  clocks.tick(book);
  const auto name = [](uint64_t i) { return "d" + std::to_string(i) + ".example"; };
  std::vector<Meter*> meters;
  for (uint64_t i = 0; i < 10'000; ++i) meters.push_back(&book.meter(name(i)));
  for (int bucket = 0; bucket < 2; ++bucket) {
    for (uint64_t i = 0; i < meters.size(); ++i) meters[i]->add(Field::client_bytes_out, i + 1);
    book.provide();
    clocks.tick(book, 300s);
  }
  std::map<std::string, uint64_t> sums;
  const auto readings = book.read();
  CHECK(readings.size() == 20'000);
  for (const auto& reading : readings) {
    sums[reading.key.domain] += reading.totals[Field::client_bytes_out];
  }
  for (uint64_t i = 0; i < meters.size(); ++i) CHECK(sums[name(i)] == 2 * (i + 1));
}

TEST_CASE("book: a thread that reads while the worker adds never sees a number go back") {
  Book book(in_memory());
  Meter& meter = book.meter("a.example");
  constexpr uint64_t kAdds = 200'000;
  std::atomic<bool> done{false};
  std::thread worker([&] {
    Clocks clocks;
    for (uint64_t i = 0; i < kAdds; ++i) {
      if (i % 100 == 0) clocks.tick(book, 10s);
      meter.add(Field::client_bytes_out, 3);
    }
    clocks.tick(book, 300s);
    done = true;
  });
  std::map<RowKey, uint64_t> seen;
  std::map<RowKey, uint64_t> complete;
  for (bool last = false; !last;) {
    last = done;
    for (const Book::Reading& reading : book.read()) {
      const uint64_t number = reading.totals[Field::client_bytes_out];
      CHECK(number >= seen[reading.key]);
      seen[reading.key] = number;
      if (!reading.past) continue;
      // Nothing may come after a row was said to be final.
      CHECK(complete.emplace(reading.key, number).second);
      book.release(*reading.slot);
    }
    book.provide();
  }
  worker.join();
  uint64_t sum = 0;
  for (const auto& [unused, number] : complete) sum += number;
  CHECK(sum == 3 * kAdds);
  CHECK(book.read().empty());
}

}  // namespace
