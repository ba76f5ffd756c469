#include "gateway/usage/ledger/progress.h"

#include <chrono>

#include <doctest/doctest.h>

using gateway::usage::ledger::Progress;
using std::chrono::hours;

namespace {

const Progress::Time kNow = std::chrono::steady_clock::now();

}  // namespace

TEST_CASE("progress: adds up what flushes have written, and counts those that failed") {
  Progress progress;
  progress.begin(kNow);
  progress.end({.began = kNow, .rows_written = 3});
  progress.begin(kNow);
  progress.end({.began = kNow, .rows_written = 0, .records_dropped = 7, .failed = true});
  Progress::Figures figures = progress.figures();
  CHECK(figures.rows_written == 3);
  CHECK(figures.records_dropped == 7);
  CHECK(figures.errors == 1);
  CHECK_FALSE(figures.healthy);
  progress.begin(kNow);
  progress.end({.began = kNow, .rows_written = 4, .records_dropped = 7});
  figures = progress.figures();
  CHECK(figures.rows_written == 7);
  CHECK(figures.errors == 1);
  CHECK(figures.healthy);
  CHECK(figures.lag.count() == 0);
}

TEST_CASE("progress: lags by as long as the flush takes that goes on") {
  Progress progress;
  progress.begin(kNow - hours{2});
  CHECK(progress.figures().lag >= hours{2});
  CHECK(progress.figures().healthy);
  progress.end({.began = kNow - hours{2}});
  CHECK(progress.figures().lag.count() == 0);
}

TEST_CASE(
    "progress: after a failure it lags from the last flush that was good, until one is again") {
  Progress progress;
  progress.begin(kNow - hours{5});
  progress.end({.began = kNow - hours{5}});
  for (const hours ago : {hours{3}, hours{1}}) {
    progress.begin(kNow - ago);
    progress.end({.began = kNow - ago, .failed = true});
    CHECK(progress.figures().lag >= hours{5});
  }
  progress.begin(kNow);
  progress.end({.began = kNow});
  CHECK(progress.figures().lag.count() == 0);
}
