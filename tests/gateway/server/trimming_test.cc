#include "gateway/server/trimming.h"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using gateway::server::TrimNeed;
using gateway::server::TrimPace;

namespace {

// Nobody comes or leaves: how many looks it takes until a trim is worth while; 0: it never is.
int calm_looks(TrimNeed& need, size_t count) {
  for (int looks = 1; looks <= 2 * TrimNeed::kLooks; ++looks) {
    if (need.look(count, count)) return looks;
  }
  return 0;
}

}  // namespace

TEST_CASE(
    "trimming: it is worth while when most have gone and nobody has been leaving for a while") {
  TrimNeed need;
  CHECK_FALSE(need.look(1'000, 1'000));
  CHECK_FALSE(need.pending());
  CHECK_FALSE(need.look(600, 1'000));
  CHECK(need.pending());
  CHECK_FALSE(need.look(0, 600));
  CHECK(need.pending());
  CHECK_FALSE(need.look(0, 0));
  CHECK(need.pending());
  CHECK(calm_looks(need, 0) == TrimNeed::kLooks - 1);
  CHECK_FALSE(need.pending());
  CHECK(need.look(0, 0));  // until it is done
  need.trimmed();
  CHECK(calm_looks(need, 0) == 0);
}

TEST_CASE("trimming: a few that leave or come put nothing off, many that leave do") {
  TrimNeed need;
  CHECK_FALSE(need.look(1'600, 1'600));
  CHECK_FALSE(need.look(700, 1'600));
  CHECK_FALSE(need.look(610, 700));  // the first look in calm
  CHECK_FALSE(need.look(620, 620));
  CHECK_FALSE(need.look(500, 620));
  CHECK(calm_looks(need, 490) == TrimNeed::kLooks);
  need.trimmed();
  CHECK(calm_looks(need, 300) == 0);  // more than half of what there was then
}

TEST_CASE("trimming: the memory of a few is not worth it") {
  TrimNeed need;
  CHECK_FALSE(need.look(TrimNeed::kLeast, TrimNeed::kLeast));
  CHECK(calm_looks(need, 0) == 0);
}

TEST_CASE("trimming: once in a while for all workers") {
  TrimPace pace;
  CHECK(pace.take_turn(5s));
  CHECK_FALSE(pace.take_turn(5s + TrimPace::kApart - 1ms));
  CHECK(pace.take_turn(5s + TrimPace::kApart));
}
