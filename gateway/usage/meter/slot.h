// The memory that a meter adds to, as the meter file holds it (layout.h).
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "gateway/metrics/counters.h"
#include "gateway/usage/totals.h"

namespace gateway::usage::meter {

// Numbers (totals.h) stand in sheets, so many in each, and a domain takes a slot for a sheet with
// the first addition to one of them: nearly all that sessions need is in the first, and all of
// plain requests in the last, so a domain without the one or the other takes no memory for it.
inline constexpr size_t kSheetNumbers = 68;  // a slot with its key is 13 lines of the cache
inline constexpr size_t kSheets = (kNumbers + kSheetNumbers - 1) / kSheetNumbers;
static_assert(kFirstAnswer + metrics::kStatuses.size() <= kSheetNumbers);
static_assert(kFirstHttp / kSheetNumbers == (kNumbers - 1) / kSheetNumbers);

// One worker's numbers of one domain, bucket and sheet. `state` is written last when it is taken,
// so a slot is whole or free.
struct alignas(64) Slot {
  // held: its meter goes on in it when its bucket is over, because there are no more slots.
  enum State : uint64_t { free = 0, used = 1, held = 2 };
  static constexpr size_t kMaxDomain = 256;

  std::atomic<uint64_t> state{free};
  int64_t bucket = 0;
  uint32_t part = 0;
  uint16_t domain_size = 0;
  uint16_t sheet = 0;
  uint64_t check = 0;  // of the fields beside it
  std::array<char, kMaxDomain> domain{};
  std::array<metrics::Count, kSheetNumbers> numbers;
};
static_assert(sizeof(Slot) == 13 * 64);

// Calls use(place, number) for each number of the slot's sheet, `place` being among all numbers.
template <class Use>
void for_each_number(const Slot& slot, Use use) {
  const size_t first = slot.sheet * kSheetNumbers;
  const size_t size = std::min(kSheetNumbers, kNumbers - first);
  for (size_t i = 0; i < size; ++i) use(first + i, slot.numbers[i].value());
}

// Of one sheet; the others are zero.
Totals totals_of(const Slot& slot);

}  // namespace gateway::usage::meter
