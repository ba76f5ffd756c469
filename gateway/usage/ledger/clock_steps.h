// Jumps of the wall clock, as the workers see them: said once, and kept for the ledger.
#pragma once

#include <chrono>
#include <span>
#include <vector>

#include "gateway/usage/ledger/ledger.h"
#include "gateway/usage/meter/books.h"

namespace gateway::usage::ledger {

class ClockSteps {
 public:
  explicit ClockSteps(meter::Books& meters) : meters_(meters) {}

  void take(std::chrono::milliseconds wall);
  std::span<const ClockStep> waiting() const { return waiting_; }
  bool empty() const { return waiting_.empty(); }
  void clear() { waiting_.clear(); }

 private:
  bool is_told(std::chrono::milliseconds step) const;

  meter::Books& meters_;
  std::vector<ClockStep> waiting_;
  // Every worker sees a step for itself, at its next tick.
  std::chrono::steady_clock::time_point told_at_;
  std::chrono::milliseconds told_{0};
};

}  // namespace gateway::usage::ledger
