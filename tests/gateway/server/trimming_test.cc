#include "gateway/server/trimming.h"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using gateway::server::TrimNeed;
using gateway::server::TrimPace;

TEST_CASE("trimming: it is worth while when most have gone and the rest stays") {
  TrimNeed need;
  CHECK_FALSE(need.look(1'000, 1'000));
  CHECK_FALSE(need.look(600, 1'000));
  CHECK_FALSE(need.look(400, 600));
  CHECK(need.leaving());
  CHECK_FALSE(need.look(0, 400));
  CHECK(need.look(0, 0));
  CHECK_FALSE(need.leaving());
  CHECK(need.look(0, 0));  // until it is done
  need.trimmed();
  CHECK_FALSE(need.look(0, 0));
}

TEST_CASE("trimming: a few that leave or come put nothing off") {
  TrimNeed need;
  CHECK_FALSE(need.look(1'600, 1'600));
  CHECK_FALSE(need.look(700, 1'600));
  CHECK(need.look(600, 700));
  need.trimmed();
  CHECK_FALSE(need.look(400, 600));  // more than half of what there was then
  CHECK_FALSE(need.look(290, 400));
  CHECK(need.look(299, 299));
}

TEST_CASE("trimming: the memory of a few is not worth it") {
  TrimNeed need;
  CHECK_FALSE(need.look(TrimNeed::kLeast, TrimNeed::kLeast));
  CHECK_FALSE(need.look(0, TrimNeed::kLeast));
  CHECK_FALSE(need.look(0, 0));
}

TEST_CASE("trimming: once in a while for all workers") {
  TrimPace pace;
  CHECK(pace.take_turn(5s));
  CHECK_FALSE(pace.take_turn(5s + TrimPace::kApart - 1ms));
  CHECK(pace.take_turn(5s + TrimPace::kApart));
}
