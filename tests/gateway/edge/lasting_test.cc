#include "gateway/edge/lasting.h"

#include <memory>
#include <vector>

#include <doctest/doctest.h>

using gateway::edge::Lasting;
using gateway::net::DeadlineWheel;
using namespace std::chrono_literals;

namespace {

struct One final : Lasting::Member {
  void on_lasted() override { ++told; }
  using Lasting::Member::leave;
  int told = 0;
};

}  // namespace

TEST_CASE("lasting: who has lasted is told once, each at its own time") {
  DeadlineWheel wheel(1000ms);
  Lasting lasting(wheel);
  One first;
  One second;
  lasting.add(first);
  wheel.advance(1000ms + 10s);
  lasting.add(second);
  wheel.advance(1000ms + Lasting::kTime - 16ms);
  CHECK(first.told == 0);
  wheel.advance(1000ms + Lasting::kTime + 16ms);
  CHECK(first.told == 1);
  CHECK(second.told == 0);
  wheel.advance(1000ms + 10s + Lasting::kTime + 16ms);
  CHECK(second.told == 1);
  wheel.advance(1h);
  CHECK(first.told == 1);
  // The next one finds it at rest.
  One third;
  lasting.add(third);
  wheel.advance(1h + Lasting::kTime + 16ms);
  CHECK(third.told == 1);
}

TEST_CASE("lasting: who leaves or goes before is not told, wherever it stands") {
  DeadlineWheel wheel(1000ms);
  Lasting lasting(wheel);
  std::vector<std::unique_ptr<One>> all;
  for (int i = 0; i < 5; ++i) {
    all.push_back(std::make_unique<One>());
    lasting.add(*all.back());
  }
  all[0]->leave();
  all[2].reset();
  all[4]->leave();
  all[4]->leave();
  wheel.advance(1000ms + Lasting::kTime + 16ms);
  CHECK(all[0]->told == 0);
  CHECK(all[1]->told == 1);
  CHECK(all[3]->told == 1);
  CHECK(all[4]->told == 0);
}

TEST_CASE("lasting: one that outlives the list is no longer of it") {
  DeadlineWheel wheel(1000ms);
  One one;
  {
    Lasting lasting(wheel);
    lasting.add(one);
  }
  one.leave();
  wheel.advance(1h);
  CHECK(one.told == 0);
}
