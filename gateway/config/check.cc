#include "gateway/config/check.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "gateway/config/addresses.h"
#include "gateway/config/findings.h"
#include "gateway/config/http_check.h"
#include "gateway/config/origin_check.h"
#include "gateway/config/route_check.h"
#include "gateway/config/units.h"

namespace gateway::config {

namespace {

using std::chrono_literals::operator""ms;

// Two sockets can stand in each other's way when one of them takes every address of the same
// family.
bool overlap(const std::string& a, const std::string& b) {
  if (a == b) return true;
  return is_ipv6(a) == is_ipv6(b) && (a == "0.0.0.0" || b == "0.0.0.0" || a == "::" || b == "::");
}

void check_listeners(const Document& document, Problems& problems) {
  std::map<std::string, Position> names;
  std::map<std::pair<std::string, uint16_t>, const Listener*> sockets;
  for (const Listener& listener : document.listeners) {
    auto [known, fresh] = names.emplace(listener.name, listener.place);
    if (!fresh && !listener.name.empty()) {
      error(problems, listener.place, "listeners",
            "a second listener is called " + in_quotes(listener.name) + "; the first is at " +
                where(known->second));
    }
    for (uint16_t port : listener.ports) {
      if (port == 0) continue;
      auto [taken, first] = sockets.emplace(std::pair(listener.address, port), &listener);
      if (first || taken->second == &listener) continue;
      error(problems, listener.place, "listeners",
            join_host_port(listener.address, port) + " belongs already to listener " +
                in_quotes(taken->second->name) + " at " + where(taken->second->place));
    }
  }
}

void check_admin(const Document& document, Problems& problems) {
  const Admin& admin = document.admin;
  if (admin.port == 0) return;
  for (const Listener& listener : document.listeners) {
    bool same_port =
        std::find(listener.ports.begin(), listener.ports.end(), admin.port) != listener.ports.end();
    if (!same_port || !overlap(admin.address, listener.address)) continue;
    // Without an `admin:` of its own the admin address has no place, but the listener has.
    error(problems, admin.place.line > 0 ? admin.place : listener.place, "admin.listen",
          join_host_port(admin.address, admin.port) + " is also a port of listener " +
              in_quotes(listener.name) + ": the admin port needs one of its own");
  }
}

void check_tls_listeners(const Document& document, Problems& problems) {
  bool certificate = std::any_of(document.domains.begin(), document.domains.end(),
                                 [](const Domain& domain) { return domain.tls.has_value(); });
  if (certificate) return;
  for (const Listener& listener : document.listeners) {
    if (!listener.tls) continue;
    error(
        problems, listener.place, "listeners",
        "listener " + in_quotes(listener.name) +
            " has tls: true, but no domain has a certificate: give one domain tls: { certificate: "
            "file:/path, key: file:/path }");
  }
}

void check_usage(const Usage& usage, Problems& problems) {
  if (usage.interim_interval >= usage.flush_interval) return;
  warn(problems, usage.place, "usage.interim_interval", "W_USAGE_INTERVAL",
       "interim_interval " + format_duration(usage.interim_interval) + " < flush_interval " +
           format_duration(usage.flush_interval) +
           ": several records of a session wait for one flush, and only the last is kept");
}

void check_names(const Document& document, Problems& problems) {
  std::unordered_map<std::string_view, const Domain*> owners;
  owners.reserve(document.domains.size());
  for (const Domain& domain : document.domains) {
    for (const std::string& name : domain.names) {
      auto [owner, fresh] = owners.emplace(name, &domain);
      // Twice inside one domain is reported where the list is read.
      if (fresh || owner->second == &domain || name.empty()) continue;
      const char* const path = domain.names.size() == 1 ? "domain" : "names";
      error(problems, domain.places.of(path), path,
            in_quotes(name) + " belongs already to the domain at " + where(owner->second->place));
    }
  }
}

// Whether the domain or any of its routes has sessions.
bool has_websocket(const Domain& domain) {
  return domain.websocket.enabled ||
         std::ranges::any_of(domain.routes,
                             [](const RouteSettings& route) { return route.websocket.enabled; });
}

void check_enabled(const Scope& scope) {
  const Domain& domain = scope.domain;
  if (!has_websocket(domain)) return;
  if (domain.kind == Domain::Kind::cdn)
    scope.error("kind", "WebSocket needs kind: dcdn; kind is cdn and websocket.enabled is true");
  if (domain.http2) {
    scope.error("http2",
                "http2: true and websocket.enabled: true exclude each other; set one to false");
  }
  if (!domain.dynamic_acceleration) {
    scope.error(
        "acceleration.dynamic",
        "websocket.enabled: true needs acceleration.dynamic: true; one of the two has to change");
  }
}

void check_timeouts(const Scope& scope) {
  const WebSocket& websocket = scope.websocket;
  milliseconds edge = websocket.connection_timeout;
  if (websocket.client_timeout.value_or(edge) > edge) {
    scope.warn("websocket.client_timeout", "W_TIMEOUT_ORDER",
               greater("client_timeout", *websocket.client_timeout, "connection_timeout", edge) +
                   ": the edge may close a live client (A <= B <= C)");
  }
  if (edge > websocket.origin_timeout.value_or(edge)) {
    scope.warn("websocket.origin_timeout", "W_TIMEOUT_ORDER",
               greater("connection_timeout", edge, "origin_timeout", *websocket.origin_timeout) +
                   ": the origin may close a live session (A <= B <= C)");
  }
  if (websocket.keepalive.interval.value_or(0ms) >= edge) {
    scope.warn("websocket.keepalive.interval", "W_KEEPALIVE",
               "keepalive.interval " + format_duration(*websocket.keepalive.interval) +
                   " >= connection_timeout " + format_duration(edge) +
                   ": an idle session ends before its first ping");
  }
}

// A key that is missing may stand in a part that could not be read; to report that too would only
// distract: not `whole`.
void check_domain(const Document& document, const Domain& domain, bool whole, Problems& problems) {
  const Scope scope(domain, problems);
  check_enabled(scope);
  if (whole || !domain.origin.servers.empty()) check_servers(document, scope);
  check_timeouts(scope);
  check_origin(scope);
  if (whole) check_http(document, scope);
  check_routes(domain, problems);
  for (size_t i = 0; i < domain.routes.size(); ++i) {
    const RouteSettings& route = domain.routes[i];
    const Scope below(domain, i, problems);
    if (route.websocket != domain.websocket) check_timeouts(below);
    if (route.leads_to_origin() && whole) check_servers(document, below);
    if (route.own_pool) check_origin(below);
    if (whole) check_http(document, below);
  }
}

bool has_error(const Problems& problems) {
  return std::any_of(problems.begin(), problems.end(),
                     [](const Problem& problem) { return !problem.warning; });
}

}  // namespace

void error(Problems& problems, const Position& place, std::string path, std::string text) {
  problems.push_back({place, std::move(path), std::move(text), false, {}});
}

void warn(Problems& problems, const Position& place, std::string path, std::string code,
          std::string text) {
  problems.push_back({place, std::move(path), std::move(text), true, std::move(code)});
}

std::string where(const Position& place) {
  return place.file + (place.line > 0 ? ':' + std::to_string(place.line) : "");
}

std::string greater(std::string_view a, milliseconds a_time, std::string_view b,
                    milliseconds b_time) {
  return std::string(a) + ' ' + format_duration(a_time) + " > " + std::string(b) + ' ' +
         format_duration(b_time);
}

void check(const Document& document, std::vector<Problem>& problems) {
  const bool whole = !has_error(problems);
  check_listeners(document, problems);
  check_admin(document, problems);
  check_usage(document.usage, problems);
  if (whole) check_tls_listeners(document, problems);
  check_names(document, problems);
  for (const Domain& domain : document.domains) check_domain(document, domain, whole, problems);
}

}  // namespace gateway::config
