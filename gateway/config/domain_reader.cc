#include "gateway/config/domain_reader.h"

#include <algorithm>
#include <utility>

#include "gateway/config/keys.h"
#include "gateway/config/read.h"

namespace gateway::config {

namespace {

// A wildcard is nobody's Host, so a name that is written out goes first; else the name the wildcard
// stands below.
std::string name_for_checks(const std::vector<std::string>& names) {
  auto written_out = std::find_if(names.begin(), names.end(),
                                  [](const auto& name) { return !name.starts_with("*."); });
  if (written_out == names.end()) return names.empty() ? std::string() : names.front().substr(2);
  return *written_out;
}

std::string host_for_checks(const Domain& domain, const Origin& origin) {
  switch (origin.host_header) {
    case Origin::Host::client:
      return name_for_checks(domain.names);
    case Origin::Host::fixed:
      return origin.fixed_host;
    case Origin::Host::origin:
      break;
  }
  return {};
}

// Keys that were inherited for a check of another type are dropped.
void settle_health(const Domain& domain, Origin& origin) {
  if (!origin.health) return;
  Health& health = *origin.health;
  Health usual;
  if (health.type != Health::Type::http) health.expect = std::move(usual.expect);
  if (health.type == Health::Type::tcp) {
    health.path = std::move(usual.path);
    health.host.clear();
  }
  if (health.host.empty()) health.host = host_for_checks(domain, origin);
}

void settle_routes(Domain& domain) {
  for (RouteSettings& route : domain.routes) {
    settle_health(domain, route.origin);
    route.own_pool = route.leads_to_origin() && route.origin != domain.origin;
  }
  domain.routes.shrink_to_fit();
}

const Node* value_in(const Node* map, std::string_view key) {
  if (map == nullptr) return nullptr;
  const auto found = std::ranges::find(map->keys, key, &Node::Key::name);
  return found == map->keys.end() ? nullptr
                                  : &map->items[static_cast<size_t>(found - map->keys.begin())];
}

// A domain's own budget that limits nothing is a slip, unless it says so with `off`. In `defaults:`
// it is none: a period or a share may stand there for the domains that have a limit.
void warn_without_limit(const MapReader& map, const Budget& budget) {
  const Node* const node = value_in(map.find("usage"), "budget");
  const bool is_map =
      node != nullptr && (node->kind == Node::Kind::map || node->kind == Node::Kind::null);
  if (!is_map || budget.traffic || budget.connection_seconds || budget.messages) return;
  const bool meant = value_in(node, "traffic") != nullptr ||
                     value_in(node, "connection_seconds") != nullptr ||
                     value_in(node, "messages") != nullptr;
  if (meant && !budget.close) return;
  const std::string text = budget.close ? "close: true has nothing to act on: " : "";
  map.findings().warn(
      node->at, map.path_of("usage.budget"), "W_BUDGET_WITHOUT_LIMIT",
      text + "no limit is set; write traffic: 500GB, connection_seconds or messages");
}

}  // namespace

Domain read_domain(const MapReader& map, const Defaults& defaults) {
  Domain domain;
  domain.http = defaults.http;
  domain.websocket = defaults.websocket;
  domain.origin = defaults.origin;
  domain.access = defaults.access;
  domain.usage = defaults.usage;
  domain.places = KeyPlaces(map, defaults.places);
  read(map, domain);
  warn_without_limit(map, domain.usage.budget);
  settle_health(domain, domain.origin);
  settle_routes(domain);
  return domain;
}

}  // namespace gateway::config
