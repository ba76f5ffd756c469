#include "gateway/route/pool.h"

namespace gateway::route {

metrics::Traffic* Pool::traffic_of(const Backend* backend, size_t worker) const {
  for (const Server& server : servers) {
    if (backend != nullptr && server.backend.get() == backend) return server.traffic[worker];
  }
  return nullptr;
}

}  // namespace gateway::route
