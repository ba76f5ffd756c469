#include "gateway/route/snapshot.h"

#include <algorithm>

namespace gateway::route {

std::shared_ptr<const Pool> Snapshot::share(const Pool& pool) const {
  const auto found =
      std::ranges::find_if(pools, [&pool](const auto& one) { return one.get() == &pool; });
  return found != pools.end() ? *found : nullptr;
}

}  // namespace gateway::route
