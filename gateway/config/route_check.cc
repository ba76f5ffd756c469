#include "gateway/config/route_check.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "gateway/config/addresses.h"
#include "gateway/config/check.h"
#include "gateway/config/findings.h"
#include "gateway/config/path_prefix.h"
#include "gateway/config/scope.h"
#include "proto/base/host.h"

namespace gateway::config {

namespace {

constexpr std::string_view kHttps = "https://";
constexpr uint16_t kHttpsPort = 443;

void check_prefixes(const Domain& domain, Problems& problems) {
  std::map<std::string_view, size_t> owners;
  for (size_t i = 0; i < domain.routes.size(); ++i) {
    const auto [owner, fresh] = owners.emplace(domain.routes[i].path, i);
    if (fresh || domain.routes[i].path.empty()) continue;
    Scope(domain, i, problems)
        .error("path", "it is the second with this path; the first is at " +
                           where(domain.routes[owner->second].place));
  }
}

// The domain's own origin is asked for what no route covers, and by routes that have no other.
void check_shadowed(const Domain& domain, Problems& problems) {
  const bool covered =
      std::ranges::any_of(domain.routes, [](const auto& route) { return route.path == "/"; });
  const bool shared = std::ranges::any_of(domain.routes, [](const RouteSettings& route) {
    return route.leads_to_origin() && !route.own_pool;
  });
  const Origin& own = domain.origin;
  const bool leads = !own.servers.empty() || own.builtin != Origin::Builtin::none;
  if (!covered || shared || !leads) return;
  Scope(domain, problems)
      .warn("origin", "W_ROUTE_SHADOWED",
            "the route / covers every path, so the domain's own origin is never asked");
}

const RouteSettings* route_of(const Domain& domain, std::string_view path) {
  const RouteSettings* found = nullptr;
  for (const RouteSettings& route : domain.routes) {
    const bool longer = found == nullptr || route.path.size() > found->path.size();
    if (longer && covers(route.path, path)) found = &route;
  }
  return found;
}

// The path below this domain that a redirect leads to; nothing: it leads elsewhere. Another port
// may be another server's.
std::optional<std::string_view> path_here(const Domain& domain, std::string_view to) {
  if (!to.starts_with(kHttps)) return to;
  const std::string_view rest = to.substr(kHttps.size());
  const size_t end = std::min(rest.find_first_of("/?"), rest.size());
  const auto parts = parse_host_port(rest.substr(0, end));
  if (!parts || parts->port.value_or(kHttpsPort) != kHttpsPort) return std::nullopt;
  const std::string host = proto::canonical_host(parts->host);
  const bool ours = std::ranges::any_of(
      domain.names, [&host](const std::string& name) { return name_matches(name, host); });
  if (!ours) return std::nullopt;
  return rest.substr(end).starts_with('/') ? rest.substr(end) : "/";
}

void check_redirect(const Domain& domain, size_t index, Problems& problems) {
  const RouteSettings& route = domain.routes[index];
  if (!route.redirect || route.redirect->to.empty()) return;
  const auto path = path_here(domain, route.redirect->to);
  if (!path || route_of(domain, path->substr(0, path->find('?'))) != &route) return;
  Scope(domain, index, problems)
      .error("redirect.to", in_quotes(route.redirect->to) +
                                " leads back to this route, so clients would go round without end; "
                                "http.redirect_https leads from http to https");
}

}  // namespace

void check_routes(const Domain& domain, Problems& problems) {
  check_prefixes(domain, problems);
  check_shadowed(domain, problems);
  for (size_t i = 0; i < domain.routes.size(); ++i) check_redirect(domain, i, problems);
}

}  // namespace gateway::config
