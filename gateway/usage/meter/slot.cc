#include "gateway/usage/meter/slot.h"

namespace gateway::usage::meter {

Totals totals_of(const Slot& slot) {
  Totals totals;
  for_each_number(slot,
                  [&totals](size_t place, uint64_t number) { number_at(totals, place) = number; });
  return totals;
}

}  // namespace gateway::usage::meter
