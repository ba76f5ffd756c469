// Buckets and their parts in the order in which a worker counts in them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "gateway/usage/totals.h"

namespace gateway::usage::meter {

// Workers see a step of the wall clock at different times, or not at all. So what comes after one
// is the worker's own: nobody else ever counts there, and it is complete once this worker left it.
inline constexpr uint32_t kStepBits = 20;
inline constexpr uint32_t kLastStep = (uint32_t{1} << kStepBits) - 1;

inline uint32_t part_after(uint32_t part, size_t worker) {
  const uint32_t step = std::min((part & kLastStep) + 1, kLastStep);
  return static_cast<uint32_t>(worker) << kStepBits | step;
}

inline bool may_count_in(uint32_t part, size_t worker) {
  return part == 0 || part >> kStepBits == worker;
}

// Later ones are larger.
inline uint64_t place_of(int64_t bucket, uint32_t part) {
  return uint64_t{part} << 32 | static_cast<uint64_t>(bucket / kBucketSeconds);
}

}  // namespace gateway::usage::meter
