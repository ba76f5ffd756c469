// Times of buckets for tests of meters.
#pragma once

#include <cstdint>

namespace tests {

inline constexpr int64_t kBegin = 1'795'298'100;  // 2026-11-21T21:55:00Z, the begin of five minutes

}  // namespace tests
