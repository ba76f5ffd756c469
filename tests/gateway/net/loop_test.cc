#include "gateway/net/loop.h"

#include <memory>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "gateway/net/admission.h"
#include "gateway/net/owned_set.h"
#include "tests/support/loop_stage.h"

using namespace tests;
using namespace std::chrono_literals;
using namespace gateway::net;

TEST_CASE("loop: posts run in order, from any thread, and stop ends it") {
  Loop loop;
  std::vector<int> order;
  std::thread other([&] {
    for (int i = 0; i < 100; ++i) loop.post([&order, i] { order.push_back(i); });
    loop.stop();
  });
  loop.run();
  other.join();
  REQUIRE(order.size() == 100);
  CHECK(std::is_sorted(order.begin(), order.end()));
}

TEST_CASE("loop: a post from a post runs") {
  LoopStage stage;
  bool ran = false;
  stage.loop.post([&] { stage.loop.post([&] { ran = true; }); });
  CHECK(stage.run_until([&] { return ran; }));
}

TEST_CASE("loop: a deadline wakes it") {
  struct Bell final : DeadlineWheel::Entry {
    explicit Bell(Loop& owner) : loop(owner) {}
    void on_deadline(milliseconds now) override {
      rang = now;
      loop.stop();
    }
    Loop& loop;
    milliseconds rang{0};
  };
  Loop loop;
  Bell bell(loop);
  const milliseconds began = loop.now();
  loop.wheel().set(bell, began + 20ms);
  loop.run();
  CHECK(bell.rang >= began + 20ms);
}

TEST_CASE("loop: it waits for sockets no longer than until something else is due") {
  struct Bell final : DeadlineWheel::Entry {
    void on_deadline(milliseconds) override { ++rings; }
    int rings = 0;
  };
  struct Silent final : Poller::Watched {
    void on_ready(uint32_t) override {}
  };
  milliseconds clock{1'000};
  Loop loop(&clock);
  CHECK(loop.longest_wait() == 0ms);  // libuv has its wake-up to open
  loop.turn();
  CHECK(loop.longest_wait() == std::nullopt);
  Silent scheduled;
  loop.poller().schedule(scheduled);
  CHECK(loop.longest_wait() == 0ms);
  loop.turn();
  CHECK(loop.longest_wait() == std::nullopt);
  Bell bell;
  loop.wheel().set(bell, clock + 80ms);
  clock += 80ms;
  CHECK(loop.longest_wait() == 0ms);
  loop.turn();
  CHECK(bell.rings == 1);
  CHECK(loop.longest_wait() == std::nullopt);
}

namespace {

struct Mourned final : Retirable {
  explicit Mourned(int& dead) : deaths(dead) {}
  Mourned(const Mourned&) = delete;
  Mourned& operator=(const Mourned&) = delete;
  ~Mourned() override {
    ++deaths;
    if (loop != nullptr) loop->retire(std::make_unique<Mourned>(deaths));
  }
  int& deaths;
  Loop* loop = nullptr;
};

}  // namespace

TEST_CASE("loop: what is retired dies when the turn ends, and may retire others as it goes") {
  LoopStage stage;
  int deaths = 0;
  int deaths_inside = -1;
  stage.loop.post([&] {
    auto one = std::make_unique<Mourned>(deaths);
    one->loop = &stage.loop;
    stage.loop.retire(std::move(one));
    deaths_inside = deaths;
  });
  CHECK(stage.run_until([&] { return deaths == 2; }));
  CHECK(deaths_inside == 0);
}

TEST_CASE("poller: a scheduled turn comes once, and not after it was forgotten") {
  struct Counter final : Poller::Watched {
    void on_ready(uint32_t events) override {
      ++turns;
      CHECK(events == 0);
    }
    int turns = 0;
  };
  LoopStage stage;
  Counter kept;
  Counter forgotten;
  stage.loop.poller().schedule(kept);
  stage.loop.poller().schedule(kept);
  stage.loop.poller().schedule(forgotten);
  stage.loop.poller().forget(forgotten);
  stage.settle();
  CHECK(kept.turns == 1);
  CHECK(forgotten.turns == 0);
}

TEST_CASE("owned set: owns its members, and retires one of them at a time") {
  struct Member final : Owned {
    explicit Member(int& dead) : deaths(dead) {}
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;
    ~Member() override { ++deaths; }
    int& deaths;
  };
  int deaths = 0;
  Retirement retirement;
  OwnedSet<Member> set(retirement);
  std::vector<Member*> members;
  for (int i = 0; i < 300; ++i) members.push_back(&set.add(std::make_unique<Member>(deaths)));
  for (size_t i = 0; i < members.size(); i += 2) set.retire(*members[i]);
  CHECK(set.size() == 150);
  CHECK(deaths == 0);
  retirement.clear();
  CHECK(deaths == 150);
  for (size_t i = 1; i < members.size(); i += 2) set.retire(*members[i]);
  retirement.clear();
  CHECK(set.size() == 0);
  CHECK(deaths == 300);
}

TEST_CASE("admission: gives places up to its limit, and takes them back") {
  gateway::metrics::Listener counters;
  Admission admission;
  admission.set_limit(2);
  auto first = admission.admit(counters);
  {
    auto second = admission.admit(counters);
    CHECK(second.has_value());
    CHECK_FALSE(admission.admit(counters).has_value());
    CHECK(admission.held() == 2);
    CHECK(counters.active.value() == 2);
  }
  CHECK(admission.held() == 1);
  const Admission::Pass moved = std::move(*first);
  first.reset();
  CHECK(admission.held() == 1);
  CHECK(counters.active.value() == 1);
}
