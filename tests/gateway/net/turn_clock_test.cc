#include "gateway/net/turn_clock.h"

#include <chrono>
#include <functional>
#include <string>

#include <doctest/doctest.h>
#include <uv.h>

#include "gateway/net/loop.h"
#include "tests/support/loop_stage.h"

using namespace tests;
using namespace gateway::net;
using Part = TurnClock::Part;

namespace {

constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kSecond = 1'000 * kMs;

void turn(TurnClock& clock, uint64_t at, uint64_t took) {
  clock.begin(at);
  clock.end(at + took);
}

// Keeps the thread busy for so long.
void spin(uint64_t time) {
  const uint64_t until = uv_hrtime() + time;
  while (uv_hrtime() < until) {
  }
}

uint64_t longer_than_5ms(const TurnClock& clock) {
  uint64_t count = 0;
  for (size_t i = 2; i < clock.turns().size(); ++i) count += clock.turns()[i];
  return count;
}

}  // namespace

TEST_CASE("FX16 turns: each is counted once by its length") {
  TurnClock clock;
  clock.end(5 * kSecond);  // none has begun
  for (const uint64_t ms : {0, 1, 2, 5, 20, 50, 99, 100, 499, 501, 3'000})
    turn(clock, 10 * kSecond, ms * kMs);
  CHECK(clock.turns() == TurnClock::Buckets{2, 2, 1, 1, 2, 1, 1, 1});
  CHECK(clock.seconds() == doctest::Approx(4.277));
  // What begins within a turn is a part of it.
  clock.begin(100 * kSecond);
  clock.begin(101 * kSecond);
  clock.end(103 * kSecond);
  CHECK(clock.lag(104 * kSecond) == doctest::Approx(3));
}

TEST_CASE("FX16 turns: a long one is told with what it was busy with, at most every ten seconds") {
  TurnClock clock;
  const auto told = [&clock](uint64_t at, uint64_t took, Part part, uint64_t of_it) {
    clock.begin(at);
    clock.spent(part, of_it);
    return clock.end(at + took);
  };
  CHECK(told(10 * kSecond, 300 * kMs, Part::deadlines, 200 * kMs).empty());  // without a name
  clock.set_name("worker 1");
  CHECK(told(20 * kSecond, 99 * kMs, Part::deadlines, 99 * kMs).empty());
  CHECK(told(21 * kSecond, 100 * kMs, Part::deadlines, 60 * kMs) ==
        "worker 1 was busy for 100 ms: 60 ms of it in deadlines");
  CHECK(told(25 * kSecond, 900 * kMs, Part::posted, 900 * kMs).empty());
  // What no other part took went to sockets.
  CHECK(told(32 * kSecond, 400 * kMs, Part::posted, 150 * kMs) ==
        "worker 1 was busy for 400 ms: 250 ms of it in sockets and signals");
}

TEST_CASE("FX16 turns: the lag is the longest of the last minute, whoever asks how often") {
  TurnClock clock;
  CHECK(clock.lag(0) == 0);
  turn(clock, 100 * kSecond, 70 * kMs);
  turn(clock, 105 * kSecond, 30 * kMs);
  turn(clock, 119 * kSecond, 50 * kMs);
  for (int scraper = 0; scraper < 3; ++scraper) {
    CHECK(clock.lag(120 * kSecond) == doctest::Approx(0.07));
    CHECK(clock.lag(159 * kSecond) == doctest::Approx(0.07));
  }
  // Six slots of ten seconds.
  CHECK(clock.lag(161 * kSecond) == doctest::Approx(0.05));
  CHECK(clock.lag(171 * kSecond) == 0);
  // A slot that comes again begins anew.
  turn(clock, 165 * kSecond, 2 * kMs);
  CHECK(clock.lag(171 * kSecond) == doctest::Approx(0.002));
}

namespace {

// Ends the loop a little later.
class Alarm final : DeadlineWheel::Entry {
 public:
  explicit Alarm(Loop& loop) : loop_(loop) {
    loop.wheel().set(*this, loop.now() + std::chrono::milliseconds(40));
  }

 private:
  void on_deadline(milliseconds) override { loop_.stop(); }
  Loop& loop_;
};

struct Slow final : Poller::Watched, DeadlineWheel::Entry, Retirable {
  void on_ready(uint32_t) override { spin(6 * kMs); }
  void on_deadline(milliseconds) override { spin(6 * kMs); }
  ~Slow() override { spin(6 * kMs); }
};

}  // namespace

// The loop itself runs, since a stage waits between its turns, where nobody else would.
TEST_CASE("FX16 loop: whatever takes long in a turn is seen") {
  Connection connection = make_connection();
  const std::function<void(Loop&, Slow&)> rows[] = {
      [](Loop& loop, Slow&) { loop.post([] { spin(6 * kMs); }); },
      [](Loop& loop, Slow& slow) { loop.wheel().set(slow, loop.now()); },
      [](Loop& loop, Slow& slow) { loop.poller().schedule(slow); },
      [](Loop& loop, Slow&) { loop.post([&loop] { loop.retire(std::make_unique<Slow>()); }); },
      [&](Loop& loop, Slow& slow) {
        REQUIRE(loop.poller().add(connection.ours.get(), slow, EPOLLIN | EPOLLET) == 0);
        connection.peer.send("x");
      }};
  for (const auto& begin : rows) {
    Loop loop;
    Slow slow;
    const Alarm alarm(loop);
    begin(loop, slow);
    loop.run();
    CHECK(longer_than_5ms(loop.turns()) >= 1);
    CHECK(loop.turns().lag() >= 0.006);
    loop.poller().remove(connection.ours.get(), slow);
  }
}

TEST_CASE("FX16 loop: the wait for something to happen is no turn") {
  bool told_apart = false;
  // A busy machine may keep this thread from running in the midst of a turn, but not each time.
  for (int tries = 0; tries < 50 && !told_apart; ++tries) {
    Loop loop;
    const uint64_t began = uv_hrtime();
    const Alarm alarm(loop);
    loop.run();
    const double passed = static_cast<double>(uv_hrtime() - began) / 1e9;
    told_apart = loop.turns().seconds() < passed / 2;
  }
  CHECK(told_apart);
}
