#include "gateway/usage/ledger/clock_steps.h"

#include <cstdio>
#include <string>

#include "gateway/log/log.h"

namespace gateway::usage::ledger {

namespace {

using std::chrono::milliseconds;

// While the disk fails they wait here; a clock that jumps all the time need not be told of for
// ever.
constexpr size_t kMostWaiting = 1000;
// Workers tick once a second, but a loaded one may be late.
constexpr std::chrono::seconds kSame{5};
constexpr milliseconds kAlike{1000};

std::string seconds_text(milliseconds step) {
  char text[40];
  std::snprintf(text, sizeof text, "%+.3f s", static_cast<double>(step.count()) / 1000);
  return text;
}

}  // namespace

bool ClockSteps::is_told(milliseconds step) const {
  return told_ != milliseconds{0} && std::chrono::steady_clock::now() - told_at_ < kSame &&
         std::chrono::abs(step - told_) < kAlike;
}

void ClockSteps::take(milliseconds wall) {
  for (size_t worker = 0; worker < meters_.size(); ++worker) {
    const milliseconds step = meters_.book(worker).take_clock_step();
    if (step == milliseconds{0} || is_told(step)) continue;
    told_at_ = std::chrono::steady_clock::now();
    told_ = step;
    log::say(log::Level::warning, "usage: the wall clock was set by " + seconds_text(step) +
                                      ": usage from here on is counted at the new time");
    if (waiting_.size() < kMostWaiting) waiting_.push_back({wall.count(), step.count()});
  }
}

}  // namespace gateway::usage::ledger
