// One domain, ready to work with: its names, what is counted for it, and its routes.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gateway/config/document.h"
#include "gateway/metrics/counters.h"
#include "gateway/net/tls/context.h"
#include "gateway/route/route.h"
#include "gateway/usage/budget.h"
#include "gateway/usage/meter/meter.h"

namespace gateway::route {

struct Domain {
  // The longest prefix that covers the path decides. Null: none does.
  const Route* route_of(std::string_view path) const;
  // Takes its place among the others: false when there is one with that prefix.
  bool add(Route route);

  // Where a worker counts what sessions move to that server of the route; null: to none of them.
  metrics::Traffic& traffic_of(const Route& route, const Backend* backend, size_t worker) const;

  std::shared_ptr<const config::Domain> config;  // never null
  std::string label;                             // the first name: in metrics and log
  std::vector<metrics::Domain*> counters;        // by worker
  std::vector<usage::meter::Meter*> meters;      // by worker
  // Where it stands with its budget; null: it has none.
  std::shared_ptr<const std::atomic<usage::BudgetStanding>> budget;
  std::vector<Route> routes;              // the longest prefix first
  net::tls::SharedSslContext server_tls;  // null: no certificate for it
  net::tls::Version min_tls_version = net::tls::Version::tls1_2;
  int64_t certificate_not_after = 0;
};

// visit(const std::shared_ptr<const Pool>&): each pool that its routes lead to, once.
template <class Visit>
void for_each_pool(const Domain& domain, Visit visit) {
  for (auto route = domain.routes.begin(); route != domain.routes.end(); ++route) {
    const Pool* const pool = route->pool();
    const auto leads_there = [pool](const Route& earlier) { return earlier.pool() == pool; };
    if (pool != nullptr && std::none_of(domain.routes.begin(), route, leads_there))
      visit(std::get<ToPool>(route->action).pool);
  }
}

}  // namespace gateway::route
