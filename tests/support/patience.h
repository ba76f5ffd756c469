// How long a test waits for what must come. A machine that is slow or busy needs more:
// WEIR_TEST_PATIENCE=4 stretches every wait of every test four times.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace tests {

inline double patience_factor() {
  static const double kFactor = [] {
    const char* text = std::getenv("WEIR_TEST_PATIENCE");  // NOLINT(concurrency-mt-unsafe)
    const double factor = text != nullptr ? std::atof(text) : 1;
    return factor > 1 ? factor : 1;
  }();
  return kFactor;
}

inline std::chrono::milliseconds patience(std::chrono::milliseconds time) {
  return std::chrono::milliseconds(
      static_cast<int64_t>(static_cast<double>(time.count()) * patience_factor()));
}

// Long enough for whatever takes milliseconds on a quiet machine: only a test that fails ever
// waits for so long.
inline std::chrono::milliseconds patience() { return patience(std::chrono::seconds(60)); }

// As many of something as a test needs to tell anything, or what `tests/run --long` has time for.
inline size_t rounds(size_t quick, size_t many) {
  static const bool kMany =
      std::getenv("WEIR_TEST_LONG") != nullptr;  // NOLINT(concurrency-mt-unsafe)
  return kMany ? many : quick;
}

}  // namespace tests
