#include "gateway/log/doorbell.h"

#include <atomic>
#include <thread>

#include <doctest/doctest.h>

#include "tests/support/waiting.h"

using gateway::log::Doorbell;
using std::chrono::milliseconds;

TEST_CASE("FX6 doorbell: a ring that comes too late takes no other one along") {
  Doorbell bell;
  std::atomic<bool> work{false};
  std::thread waiting([&] { bell.wait([&] { return work.load(); }); });
  CHECK(tests::wait_until([&] { return bell.is_waited_for(); }));
  // As of somebody who was held up until his work had been done.
  for (int i = 0; i < 100; ++i) {
    bell.ring();
    CHECK(tests::wait_until([&] { return bell.is_waited_for(); }));
  }
  work.store(true);
  bell.ring();
  waiting.join();
  CHECK_FALSE(bell.is_waited_for());
}

TEST_CASE("doorbell: work that is there already is not waited for") {
  Doorbell bell;
  bell.wait([] { return true; });
  CHECK_FALSE(bell.is_waited_for());
}

TEST_CASE("doorbell: a wake ends a sleep, and is taken once") {
  Doorbell bell;
  bell.wake();
  bell.sleep(milliseconds{-1});
  bell.sleep(milliseconds{1});
}
