#include "gateway/server/leaving.h"

#include <algorithm>
#include <numeric>

namespace gateway::server {

using outcome::Cause;
using proto::ws::CloseCode;

namespace {

constexpr size_t kMostLines = 10;

std::string sessions_text(uint64_t count) {
  return std::to_string(count) + (count == 1 ? " open session" : " open sessions");
}

std::string why(Cause cause) {
  return cause == Cause::domain_removed ? "no longer configured" : "switched off";
}

uint64_t open_of(const route::Domain& domain) {
  return std::accumulate(
      domain.counters.begin(), domain.counters.end(), uint64_t{0},
      [](uint64_t sum, const metrics::Domain* one) { return sum + one->active.value(); });
}

// "domain a.test is switched off: its 3 open sessions are"
std::string what_is_told(const Departing& one) {
  const std::string domain = "domain " + one.domain;
  const std::string text = " is " + why(one.cause) + ": ";
  if (one.route.empty())
    return domain + text + "its " + sessions_text(one.sessions) +
           (one.sessions == 1 ? " is" : " are");
  return "route " + one.route + " of " + domain + text + "its sessions among " +
         sessions_text(one.sessions) + " of the domain are";
}

// One for the whole domain where its routes share a fate, else one for each that leaves.
void add_departing(const route::Domain& domain, const route::Domain* successor, uint64_t open,
                   std::vector<Departing>& found) {
  std::vector<Departing> routes;
  size_t served = 0;
  for (const route::Route& route : domain.routes) {
    if (!route.takes_sessions()) continue;
    ++served;
    const auto why = leaving(successor, route.prefix);
    // A budget is judged by what is used, not by a reload.
    if (why && why->cause != Cause::quota)
      routes.push_back({domain.label, route.prefix, why->cause, open});
  }
  const auto shares = [&routes](const Departing& one) { return one.cause == routes[0].cause; };
  if (routes.size() == served && std::ranges::all_of(routes, shares)) {
    for (size_t i = 0; i < std::min<size_t>(routes.size(), 1); ++i)
      found.push_back({domain.label, {}, routes[i].cause, open});
    return;
  }
  for (Departing& one : routes) {
    // What had to end before is no news.
    if (!leaving(&domain, one.route)) found.push_back(std::move(one));
  }
}

}  // namespace

const route::Domain* successor(const route::Snapshot& now, const route::Domain& domain) {
  if (const route::Domain* found = now.router.find(domain.label)) return found;
  for (const std::string& name : domain.config->names) {
    if (const route::Domain* found = now.router.find(name)) return found;
  }
  return nullptr;
}

std::optional<Leaving> leaving(const route::Domain* successor, std::string_view prefix) {
  // 1001 and not 1012, which would ask the client to come back at once.
  if (successor == nullptr)
    return Leaving{Cause::domain_removed, CloseCode::going_away,
                   "this domain is no longer served here"};
  const route::Route* const route = successor->route_of(prefix);
  if (route == nullptr || !route->takes_sessions())
    return Leaving{Cause::domain_removed, CloseCode::going_away,
                   "this path is no longer served here"};
  const config::WebSocket& settings = *route->websocket;
  if (!settings.enabled && settings.on_disable == config::WebSocket::OnDisable::drain)
    return Leaving{Cause::domain_disabled, CloseCode::going_away, "WebSocket was switched off"};
  if (successor->budget && successor->config->usage.budget.close &&
      successor->budget->load(std::memory_order_relaxed) == usage::BudgetStanding::hard)
    return Leaving{Cause::quota, CloseCode::policy_violation, "usage budget used up"};
  return std::nullopt;
}

std::vector<Departing> departing(const route::Change& change) {
  std::vector<Departing> found;
  change.for_each_gone([&](const std::shared_ptr<const route::Domain>& domain) {
    const uint64_t open = open_of(*domain);
    if (open > 0) add_departing(*domain, successor(*change.now, *domain), open, found);
  });
  return found;
}

std::vector<std::string> lines_of(const std::vector<Departing>& departing) {
  std::vector<std::string> lines;
  const size_t named = std::min(departing.size(), kMostLines);
  for (size_t i = 0; i < named; ++i) {
    const Departing& one = departing[i];
    lines.push_back(what_is_told(one) + " told to end, code 1001, cause " +
                    std::string(to_string(one.cause)));
  }
  uint64_t further = 0;
  for (size_t i = named; i < departing.size(); ++i) further += departing[i].sessions;
  if (further > 0) {
    lines.push_back("so are " + sessions_text(further) + " of " +
                    std::to_string(departing.size() - named) + " further domains");
  }
  return lines;
}

}  // namespace gateway::server
