#include "gateway/usage/ledger/progress.h"

namespace gateway::usage::ledger {

namespace {

std::chrono::milliseconds since(Progress::Time begin) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                               begin);
}

}  // namespace

void Progress::begin(Time now) {
  const std::lock_guard lock(mutex_);
  flushing_since_ = now;
}

void Progress::end(const Flush& flush) {
  const std::lock_guard lock(mutex_);
  flushing_since_.reset();
  figures_.errors += flush.failed ? 1 : 0;
  figures_.rows_written += flush.rows_written;
  figures_.records_dropped = flush.records_dropped;
  figures_.last_flush = since(flush.began);
  figures_.healthy = !flush.failed;
  // What failed now came after the flush before, at the earliest.
  if (!flush.failed) {
    waiting_since_.reset();
    last_good_ = flush.began;
  } else if (!waiting_since_) {
    waiting_since_ = last_good_;
  }
}

Progress::Figures Progress::figures() const {
  const std::lock_guard lock(mutex_);
  Figures figures = figures_;
  // A flush that is under way has failed by nothing yet, but is late by as long as it takes.
  const auto& oldest = waiting_since_ ? waiting_since_ : flushing_since_;
  if (oldest) figures.lag = since(*oldest);
  return figures;
}

}  // namespace gateway::usage::ledger
