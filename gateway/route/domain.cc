#include "gateway/route/domain.h"

#include <algorithm>
#include <utility>

namespace gateway::route {

const Route* Domain::route_of(std::string_view path) const {
  const auto found =
      std::ranges::find_if(routes, [path](const Route& route) { return route.covers(path); });
  return found == routes.end() ? nullptr : &*found;
}

bool Domain::add(Route route) {
  const auto place = std::ranges::find_if(routes, [&route](const Route& one) {
    return one.prefix == route.prefix || one.prefix.size() < route.prefix.size();
  });
  if (place != routes.end() && place->prefix == route.prefix) return false;
  routes.insert(place, std::move(route));
  return true;
}

metrics::Traffic& Domain::traffic_of(const Route& route, const Backend* backend,
                                     size_t worker) const {
  const Pool* pool = route.pool();
  metrics::Origin* server = pool != nullptr ? pool->counters_of(backend, worker) : nullptr;
  if (server != nullptr) return server->traffic;
  const auto slot = pool == nullptr ? metrics::Nameless::echo : metrics::Nameless::redirect;
  return counters[worker]->nameless_origins[static_cast<size_t>(slot)];
}

}  // namespace gateway::route
