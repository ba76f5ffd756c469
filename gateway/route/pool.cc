#include "gateway/route/pool.h"

namespace gateway::route {

metrics::Origin* Pool::counters_of(const Backend* backend, size_t worker) const {
  for (const Server& server : servers) {
    if (backend != nullptr && server.backend.get() == backend) return server.counters[worker];
  }
  return nullptr;
}

}  // namespace gateway::route
