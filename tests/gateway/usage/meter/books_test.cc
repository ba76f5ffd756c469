#include "gateway/usage/meter/books.h"

#include <atomic>
#include <thread>

#include <doctest/doctest.h>

#include "tests/gateway/usage/buckets.h"

namespace {

using namespace gateway::usage;
using namespace gateway::usage::meter;
using namespace std::chrono_literals;

using tests::kNow;
using tests::kWall;

Books::Plan in_memory(size_t workers) {
  return {.folder = "", .node = "n1", .boot = "b1", .workers = workers};
}

void tick(Book& book, milliseconds passed) { book.tick(kNow + passed, kWall + passed); }

// What the ledger's thread does once rows are durable.
void retire_past(Books& books) {
  for (size_t worker = 0; worker < books.size(); ++worker) {
    Book& book = books.book(worker);
    for (const Book::Reading& reading : book.read()) {
      if (!reading.past) continue;
      const Books::Held held{&book, reading.slot};
      books.retire({reading.key, reading.totals, true}, {&held, 1});
    }
    book.provide();
  }
}

TEST_CASE("books: one for each worker, and a domain's connection time of all of them") {
  Books books(in_memory(3));
  REQUIRE(books.size() == 3);
  const auto of_domain = books.domain("a.example");
  REQUIRE(of_domain.size() == 3);
  for (size_t i = 0; i < 3; ++i) {
    CHECK(of_domain[i] == &books.book(i).meter("a.example"));
    tick(books.book(i), 0s);
    of_domain[i]->open(false);
    tick(books.book(i), 1s * (i + 1));
  }
  const auto counted = books.counted().sessions;
  REQUIRE(counted.size() == 1);
  CHECK(counted.at("a.example")[Field::connection_milliseconds] == 6000);
  CHECK(counted.at("a.example")[Field::sessions_ws] == 3);
}

TEST_CASE("books: a domain is counted from its meter on, before it was used") {
  Books books(in_memory(2));
  books.domain("a.example");
  CHECK(books.counted() == Counted{.sessions = {{"a.example", {}}}, .requests = {}});
}

TEST_CASE("books: what is counted goes on over slots that are given back and used anew") {
  Books books(in_memory(2));
  uint64_t bytes = 0;
  for (int bucket = 0; bucket < 10; ++bucket) {
    for (size_t worker = 0; worker < books.size(); ++worker) {
      tick(books.book(worker), 300s * bucket);
      books.book(worker).meter("a.example").add(Field::client_bytes_out, 7);
      books.book(worker).meter("a.example").answer(101);
      // Takes the slots that the other one had before.
      if (bucket % 2 == 0) books.book(worker).meter("b.example").answer(404);
      bytes += 7;
    }
    retire_past(books);
    const auto counted = books.counted().sessions;
    CHECK(counted.at("a.example")[Field::client_bytes_out] == bytes);
    CHECK(counted.at("a.example").answers[gateway::metrics::status_slot(101)] == bytes / 7);
    CHECK(counted.at("b.example").answers[gateway::metrics::status_slot(404)] ==
          static_cast<uint64_t>(bucket / 2 + 1) * 2);
    CHECK(counted.at("b.example")[Field::client_bytes_out] == 0);
  }
}

TEST_CASE("books: a scrape never sees a number go back while workers add and the ledger retires") {
  Books books(in_memory(1));
  constexpr uint64_t kAdds = 100'000;
  std::atomic<bool> added{false};
  std::atomic<bool> retired{false};
  std::thread worker([&] {
    Meter& meter = books.book(0).meter("a.example");
    for (uint64_t i = 0; i < kAdds; ++i) {
      if (i % 100 == 0) tick(books.book(0), 10s * (i / 100));
      meter.add(Field::client_bytes_out, 3);
    }
    added = true;
  });
  std::thread ledger([&] {
    for (bool last = false; !last;) {
      last = added;
      retire_past(books);
    }
    retired = true;
  });
  uint64_t seen = 0;
  for (bool last = false; !last;) {
    last = retired;
    const auto counted = books.counted().sessions;
    const auto found = counted.find("a.example");
    const uint64_t now = found == counted.end() ? 0 : found->second[Field::client_bytes_out];
    CHECK(now >= seen);
    seen = now;
  }
  worker.join();
  ledger.join();
  CHECK(seen == 3 * kAdds);
}

}  // namespace
