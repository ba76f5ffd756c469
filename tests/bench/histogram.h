// A histogram of durations whose relative error is below one percent at any magnitude.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace bench {

class Histogram {
 public:
  void record(int64_t nanoseconds);

  // The duration in nanoseconds that `fraction` (0 to 1) of the records do not exceed.
  [[nodiscard]] int64_t quantile(double fraction) const;
  [[nodiscard]] uint64_t count() const { return count_; }
  [[nodiscard]] int64_t maximum() const { return maximum_; }

 private:
  // Each power of two is cut into 128 equal steps.
  static constexpr int kStepBits = 7;
  static constexpr uint64_t kSteps = uint64_t{1} << kStepBits;

  static size_t slot_of(uint64_t value);
  static uint64_t value_of(size_t slot);

  std::array<uint64_t, (64 - kStepBits + 1) * kSteps> slots_{};
  uint64_t count_ = 0;
  int64_t maximum_ = 0;
};

}  // namespace bench
