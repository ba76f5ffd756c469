#include "gateway/usage/meter/slot.h"

namespace gateway::usage::meter {

// In the order of number_names(), array by array: a flush reads thousands of slots.
Totals totals_of(const Slot& slot) {
  Totals totals;
  const metrics::Count* next = slot.numbers.data();
  const auto fill = [&next](auto& numbers) {
    for (uint64_t& number : numbers) number = (next++)->value();
  };
  fill(totals.fields);
  fill(totals.closed);
  fill(totals.refused);
  fill(totals.answers);
  return totals;
}

}  // namespace gateway::usage::meter
