// Times of buckets for tests of meters.
#pragma once

#include <chrono>
#include <cstdint>

namespace tests {

inline constexpr int64_t kBegin = 1'795'298'100;  // 2026-11-21T21:55:00Z, the begin of five minutes
// The same for a book's clock, and some monotonic time that has nothing to do with it.
inline constexpr std::chrono::milliseconds kWall = std::chrono::seconds{kBegin};
inline constexpr std::chrono::milliseconds kNow{5'000'000};

}  // namespace tests
