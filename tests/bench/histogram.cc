#include "tests/bench/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace bench {

void Histogram::record(int64_t nanoseconds) {
  const int64_t value = std::max<int64_t>(nanoseconds, 0);
  ++slots_[slot_of(static_cast<uint64_t>(value))];
  ++count_;
  maximum_ = std::max(maximum_, value);
}

int64_t Histogram::quantile(double fraction) const {
  const auto wanted = static_cast<uint64_t>(std::ceil(fraction * static_cast<double>(count_)));
  uint64_t seen = 0;
  for (size_t slot = 0; slot < slots_.size(); ++slot) {
    seen += slots_[slot];
    if (seen >= wanted && seen > 0) {
      return std::min(static_cast<int64_t>(value_of(slot)), maximum_);
    }
  }
  return maximum_;
}

size_t Histogram::slot_of(uint64_t value) {
  if (value < kSteps) return value;
  const int shift = static_cast<int>(std::bit_width(value)) - 1 - kStepBits;
  return (static_cast<uint64_t>(shift) + 1) * kSteps + ((value >> shift) - kSteps);
}

uint64_t Histogram::value_of(size_t slot) {
  if (slot < kSteps) return slot;
  const uint64_t shift = slot / kSteps - 1;
  return (kSteps + slot % kSteps) << shift;
}

}  // namespace bench
