#include "gateway/usage/meter/slot_pool.h"

#include <atomic>
#include <filesystem>
#include <set>
#include <thread>

#include <doctest/doctest.h>

#include "tests/support/folder.h"

namespace {

using namespace gateway::usage::meter;
using gateway::usage::Field;

constexpr size_t kChunk = File::kChunkSlots;

Identity own() { return {.node = "n1", .boot = "b1", .worker = 0}; }

// As a book does with a slot that it got.
Slot& use(Slot& slot) {
  slot.numbers[0].add(1);
  slot.state.store(Slot::used);
  return slot;
}

void check_complete(const SlotPool& pool) {
  const SlotPool::Census census = pool.census();
  CHECK(census.placed() == census.all);
}

TEST_CASE(
    "slot pool: a slot goes from the file to the worker, and back once its zeros are durable") {
  const tests::Folder folder;
  SlotPool pool(folder.file("own.meters"), own(), 10 * kChunk);
  CHECK(pool.census().all == 0);
  pool.provide(1);
  CHECK(pool.census().spare == kChunk);
  pool.top_up();
  CHECK(pool.census().local == kChunk);
  CHECK(pool.has_local());

  Slot& slot = use(*pool.take());
  CHECK(pool.census().taken == 1);
  CHECK(pool.census().local == kChunk - 1);
  pool.release(slot);
  CHECK(slot.state.load() == Slot::free);
  CHECK(slot.numbers[0].value() == 0);
  CHECK(pool.census().taken == 0);
  CHECK(pool.census().cleared == 1);
  pool.provide(1);
  CHECK(pool.census().cleared == 0);
  CHECK(pool.census().spare >= 1);
  check_complete(pool);
}

TEST_CASE("slot pool: no slot is out twice, and each comes back") {
  SlotPool pool("", own(), 100 * kChunk);
  std::set<Slot*> out;
  for (int round = 0; round < 5; ++round) {
    for (size_t i = 0; i < 3 * kChunk; ++i) CHECK(out.insert(&use(*pool.take())).second);
    CHECK(pool.census().taken == out.size());
    check_complete(pool);
    for (Slot* const slot : out) pool.release(*slot);
    out.clear();
    pool.provide(3 * kChunk);
    pool.top_up();
    check_complete(pool);
  }
  CHECK(pool.census().all <= 5 * kChunk);
}

TEST_CASE("slot pool: at the cap there is none but of the reserve, and that one goes back to it") {
  SlotPool pool("", own(), kChunk);
  std::vector<Slot*> out;
  while (Slot* const slot = pool.take()) out.push_back(&use(*slot));
  CHECK(out.size() == kChunk);
  Slot& reserved = use(pool.take_reserved());
  SlotPool::Census census = pool.census();
  CHECK(census.all == 2 * kChunk);
  CHECK(census.reserve == kChunk - 1);
  CHECK(census.circulating() == kChunk + 1);
  check_complete(pool);

  pool.release(reserved);
  CHECK(pool.census().reserve == kChunk);
  CHECK(pool.census().circulating() == kChunk);
  pool.release(*out.back());
  pool.provide(1);
  CHECK(pool.take() == out.back());
}

TEST_CASE(
    "slot pool: slots outside the file are kept back once it has room, and used when it has not") {
  const tests::Folder folder;
  // A file stands where the folder should be; that also stops root.
  const std::string place = folder.write("state", "");
  SlotPool pool(place + "/own.meters", own(), 10 * kChunk);
  pool.provide(1);
  CHECK_FALSE(pool.trouble().empty());
  pool.top_up();
  Slot& outside = use(*pool.take());
  check_complete(pool);

  std::filesystem::remove(place);
  std::filesystem::create_directory(place);
  pool.provide(1);
  CHECK(pool.trouble().empty());
  // The worker still has them until its next tick.
  CHECK(pool.census().local == kChunk - 1);
  pool.top_up();
  CHECK(pool.census().memory == kChunk - 1);
  CHECK(pool.census().local == kChunk);
  pool.release(outside);
  CHECK(pool.census().memory == kChunk);
  check_complete(pool);
}

TEST_CASE("slot pool: without its file slots go round in memory") {
  const tests::Folder folder;
  SlotPool pool(folder.file("own.meters"), own(), 10 * kChunk);
  pool.provide(1);
  pool.top_up();
  CHECK(std::filesystem::exists(folder.file("own.meters")));
  pool.discard();
  CHECK_FALSE(std::filesystem::exists(folder.file("own.meters")));
  std::vector<Slot*> out;
  for (size_t i = 0; i < 2 * kChunk; ++i) out.push_back(&use(*pool.take()));
  for (Slot* const slot : out) pool.release(*slot);
  CHECK(pool.census().memory == 0);
  CHECK(pool.trouble().empty());
  check_complete(pool);
}

TEST_CASE("slot pool: a worker that takes and a ledger that gives back lose no slot") {
  SlotPool pool("", own(), 4 * kChunk);
  constexpr size_t kTakes = 50'000;
  std::array<std::atomic<Slot*>, 64> taken{};
  std::atomic<bool> done{false};
  std::thread worker([&] {
    for (size_t i = 0; i < kTakes; ++i) {
      if (i % 50 == 0) pool.top_up();
      std::atomic<Slot*>& place = taken[i % taken.size()];
      if (place.load() == nullptr) place = &use(*pool.take());
    }
    done = true;
  });
  for (bool last = false; !last;) {
    last = done;
    for (std::atomic<Slot*>& place : taken) {
      if (Slot* const slot = place.load()) {
        place = nullptr;
        pool.release(*slot);
      }
    }
    pool.provide(taken.size());
    const SlotPool::Census census = pool.census();
    CHECK(census.placed() <= census.all);
  }
  worker.join();
  CHECK(pool.census().taken == 0);
  check_complete(pool);
}

}  // namespace
