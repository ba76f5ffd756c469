// The memory that a meter adds to, as the meter file holds it (layout.h).
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "gateway/metrics/counters.h"
#include "gateway/usage/totals.h"

namespace gateway::usage::meter {

// One worker's numbers of one domain in one bucket. `state` is written last when it is taken, so a
// slot is whole or free.
struct alignas(64) Slot {
  // held: its meter goes on in it when its bucket is over, because there are no more slots.
  enum State : uint64_t { free = 0, used = 1, held = 2 };
  static constexpr size_t kMaxDomain = 256;

  std::atomic<uint64_t> state{free};
  int64_t bucket = 0;
  uint32_t part = 0;
  uint32_t domain_size = 0;
  uint64_t check = 0;  // of the fields beside it
  std::array<char, kMaxDomain> domain{};
  std::array<metrics::Count, kNumbers> numbers;
};

Totals totals_of(const Slot& slot);

}  // namespace gateway::usage::meter
