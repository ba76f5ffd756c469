#include "gateway/net/deadline_wheel.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/patience.h"

using namespace std::chrono_literals;
using gateway::net::DeadlineWheel;
using gateway::net::milliseconds;

namespace {

struct Bell final : DeadlineWheel::Entry {
  void on_deadline(milliseconds now) override {
    ++rings;
    rang = now;
    if (hook) hook();
  }
  int rings = 0;
  milliseconds rang{0};
  std::function<void()> hook;
};

}  // namespace

TEST_CASE("deadline wheel: fires once, never early, and at most a tick late") {
  for (const auto wait :
       {1ms, 7ms, 8ms, 9ms, 511ms, 512ms, 513ms, 60'000ms, 86'400'000ms, 31'536'000'000ms}) {
    CAPTURE(wait.count());
    DeadlineWheel wheel(1003ms);
    Bell bell;
    wheel.set(bell, 1003ms + wait);
    wheel.advance(1003ms + wait - 1ms);
    CHECK(bell.rings == 0);
    wheel.advance(1003ms + wait + DeadlineWheel::kTick);
    CHECK(bell.rings == 1);
    wheel.advance(1003ms + wait + 1h);
    CHECK(bell.rings == 1);
    CHECK_FALSE(wheel.next().has_value());
  }
}

TEST_CASE("deadline wheel: setting again replaces, and clearing forgets") {
  DeadlineWheel wheel(0ms);
  Bell bell;
  wheel.set(bell, 100ms);
  wheel.set(bell, 1000ms);
  wheel.advance(500ms);
  CHECK(bell.rings == 0);
  wheel.clear(bell);
  wheel.clear(bell);
  wheel.advance(5000ms);
  CHECK(bell.rings == 0);
}

TEST_CASE("deadline wheel: one that has passed fires with the next advance") {
  DeadlineWheel wheel(10'000ms);
  Bell bell;
  wheel.set(bell, 1ms);
  wheel.advance(10'000ms + DeadlineWheel::kTick);
  CHECK(bell.rings == 1);
}

TEST_CASE("deadline wheel: farther than it reaches is as far as it reaches") {
  DeadlineWheel wheel(0ms);
  Bell bell;
  wheel.set(bell, milliseconds::max() / 2);
  wheel.advance(100 * 365 * 24h);
  CHECK(bell.rings == 0);
}

TEST_CASE("deadline wheel: may be set again, and others taken away, while it fires") {
  DeadlineWheel wheel(0ms);
  Bell again;
  again.hook = [&] {
    if (again.rings < 5) wheel.set(again, wheel.now() + 50ms);
  };
  wheel.set(again, 50ms);
  for (auto time = 0ms; time < 1000ms; time += 10ms) wheel.advance(time);
  CHECK(again.rings == 5);

  auto first = std::make_unique<Bell>();
  auto second = std::make_unique<Bell>();
  int rings = 0;
  // Due in the same tick: whichever fires destroys the other, and itself.
  first->hook = [&] { ++rings, second.reset(), first.reset(); };
  second->hook = [&] { ++rings, first.reset(), second.reset(); };
  wheel.set(*first, 2000ms);
  wheel.set(*second, 2000ms);
  wheel.advance(3000ms);
  CHECK(rings == 1);
}

TEST_CASE("deadline wheel: outlives its entries and is outlived by them") {
  Bell survivor;
  {
    DeadlineWheel wheel(0ms);
    Bell short_lived;
    wheel.set(short_lived, 10ms);
    wheel.set(survivor, 10ms);
  }
  CHECK(survivor.rings == 0);
}

namespace {

// The wheel beside an ordered map that cannot be wrong.
class Model {
 public:
  explicit Model(uint32_t seed) : random_(seed), bells_(200) {
    for (size_t i = 0; i < bells_.size(); ++i) {
      bells_[i].hook = [this, i] { fired(i); };
    }
  }

  void step() {
    const size_t i = number(bells_.size());
    switch (number(4)) {
      case 0:
      case 1:
        set(i, now_ + wait());
        break;
      case 2:
        wheel_.clear(bells_[i]);
        due_[i].reset();
        break;
      default:
        advance();
        break;
    }
  }

  bool sound = true;

 private:
  size_t number(size_t below) {
    return std::uniform_int_distribution<size_t>(0, below - 1)(random_);
  }
  // Near and far deadlines alike: every level is visited.
  milliseconds wait() { return milliseconds(number(size_t{1} << (1 + number(36)))); }

  void set(size_t i, milliseconds when) {
    wheel_.set(bells_[i], when);
    due_[i] = when;
  }

  void advance() {
    const auto next = wheel_.next();
    std::multimap<milliseconds, size_t> model;
    for (size_t i = 0; i < due_.size(); ++i) {
      if (due_[i]) model.emplace(*due_[i], i);
    }
    // Never late: the wheel's own guess of when to come back lies at or before what is due.
    if (!model.empty())
      sound &= next && *next <= std::max(model.begin()->first, now_) + DeadlineWheel::kTick;
    sound &= model.empty() != next.has_value();
    now_ += number(3) == 0 && next ? std::max(*next - now_, 0ms) : wait() / 16;
    wheel_.advance(now_);
    for (const auto& [when, i] : model) {
      const bool overdue = when + DeadlineWheel::kTick <= now_ && due_[i] == when;
      sound &= !overdue;
    }
  }

  void fired(size_t i) {
    sound &= due_[i].has_value() && *due_[i] <= now_;
    due_[i].reset();
    if (number(3) == 0) set(i, now_ + wait() + 1ms);
  }

  std::mt19937 random_;
  milliseconds now_{12'345};
  DeadlineWheel wheel_{now_};
  std::vector<Bell> bells_;
  std::vector<std::optional<milliseconds>> due_{bells_.size()};
};

}  // namespace

TEST_CASE("deadline wheel: does what an ordered map would, whatever the order") {
  const size_t steps = tests::rounds(4'000, 20'000);
  for (uint32_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    Model model(seed);
    for (size_t i = 0; i < steps && model.sound; ++i) model.step();
    CHECK(model.sound);
  }
}
