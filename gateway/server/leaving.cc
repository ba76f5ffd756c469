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

}  // namespace

const route::Domain* successor(const route::Snapshot& now, const route::Domain& domain) {
  if (const route::Domain* found = now.router.find(domain.label)) return found;
  for (const std::string& name : domain.config->names) {
    if (const route::Domain* found = now.router.find(name)) return found;
  }
  return nullptr;
}

std::optional<Leaving> leaving(const route::Domain* successor) {
  // 1001 and not 1012, which would ask the client to come back at once.
  if (successor == nullptr)
    return Leaving{Cause::domain_removed, CloseCode::going_away,
                   "this domain is no longer served here"};
  const config::WebSocket& settings = successor->config->websocket;
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
    const uint64_t open = std::accumulate(
        domain->counters.begin(), domain->counters.end(), uint64_t{0},
        [](uint64_t sum, const metrics::Domain* one) { return sum + one->active.value(); });
    if (open == 0) return;
    const auto why = leaving(successor(*change.now, *domain));
    // A budget is judged by what is used, not by a reload.
    if (why && why->cause != Cause::quota) found.push_back({domain->label, why->cause, open});
  });
  return found;
}

std::vector<std::string> lines_of(const std::vector<Departing>& departing) {
  std::vector<std::string> lines;
  const size_t named = std::min(departing.size(), kMostLines);
  for (size_t i = 0; i < named; ++i) {
    const Departing& one = departing[i];
    lines.push_back("domain " + one.domain + " is " + why(one.cause) + ": its " +
                    sessions_text(one.sessions) + (one.sessions == 1 ? " is" : " are") +
                    " told to end, code 1001, cause " + std::string(to_string(one.cause)));
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
