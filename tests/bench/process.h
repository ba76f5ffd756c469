// What the bench programs ask of their own process: descriptors, clock, processor time.
#pragma once

#include <cstdint>

namespace bench {

// Raises the descriptor limit as far as the kernel lets this user and returns what was reached.
uint64_t raise_descriptor_limit();

// CLOCK_MONOTONIC in nanoseconds.
[[nodiscard]] int64_t now_ns();

// User and system time of this process in seconds.
[[nodiscard]] double processor_seconds();

}  // namespace bench
