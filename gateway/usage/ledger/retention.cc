#include "gateway/usage/ledger/retention.h"

#include <algorithm>

namespace gateway::usage::ledger {

namespace {

// Rows to prune in one transaction, and how long to rest when there were fewer.
constexpr size_t kPruned = 5'000;
constexpr std::chrono::hours kPruneRest{1};
// However far ahead the clock is set, rows grow old by no more than a day in an hour: whoever sets
// it right in time has lost little, and a node that was away for months catches up within days.
constexpr int64_t kPruneSpeed = 24;

}  // namespace

void Retention::find_latest(const std::string& path, int64_t now) {
  if (latest_) return;
  latest_ = now;
  const auto reader = Reader::open(path);
  if (!reader) return;
  if (const auto extent = (*reader)->extent()) latest_ = extent->last + kBucketSeconds;
}

int64_t Retention::time(int64_t now) const {
  const auto passed = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - begun_);
  return std::min(now, latest_.value_or(now) + passed.count() * kPruneSpeed);
}

std::optional<Error> Retention::prune(Ledger& ledger, int64_t now, int64_t needed_from) {
  if (Clock::now() < next_) return std::nullopt;
  const auto gone = ledger.prune(std::min(now - keep_.count(), needed_from), kPruned);
  if (!gone) return gone.error();
  // There are three kinds of rows: any of them may have come to the limit.
  if (*gone < kPruned) next_ = Clock::now() + kPruneRest;
  return std::nullopt;
}

}  // namespace gateway::usage::ledger
