#include "gateway/config/origin_check.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "gateway/config/addresses.h"
#include "gateway/config/check.h"
#include "gateway/config/findings.h"
#include "gateway/config/units.h"
#include "proto/base/host.h"

namespace gateway::config {

namespace {

using std::chrono_literals::operator""s;

// An address is a loop only where a listener of ours answers; a name is one as soon as it resolves
// to us.
bool is_loop(const Document& document, const Scope& scope, const Server& server) {
  const std::vector<std::string>& names = scope.domain.names;
  std::string name = proto::canonical_host(server.host);
  if (std::find(names.begin(), names.end(), name) == names.end()) return false;
  if (!is_ip(server.host) && name != "localhost") return true;
  auto listens = [&document](uint16_t port) {
    return std::any_of(document.listeners.begin(), document.listeners.end(),
                       [port](const Listener& listener) {
                         return std::find(listener.ports.begin(), listener.ports.end(), port) !=
                                listener.ports.end();
                       });
  };
  if (server.port) return listens(*server.port);
  const Origin& origin = scope.origin;
  return std::any_of(origin.http_ports.begin(), origin.http_ports.end(), listens) ||
         std::any_of(origin.https_ports.begin(), origin.https_ports.end(), listens);
}

void check_times(const Scope& scope) {
  const Origin& origin = scope.origin;
  if (origin.request_timeout > 150s) {
    scope.warn("origin.request_timeout", "W_REQUEST_TIMEOUT",
               "request_timeout " + format_duration(origin.request_timeout) +
                   " is above 150s: few clients wait that long; 60s or less is recommended");
  }
  if (origin.request_timeout > origin.establish_timeout) {
    scope.warn("origin.request_timeout", "W_ESTABLISH_TIMEOUT",
               greater("request_timeout", origin.request_timeout, "establish_timeout",
                       origin.establish_timeout) +
                   ": establish_timeout ends the attempt first");
  }
  if (origin.health && origin.health->timeout > origin.health->interval) {
    scope.warn("origin.health.timeout", "W_HEALTH_TIMEOUT",
               greater("health.timeout", origin.health->timeout, "health.interval",
                       origin.health->interval) +
                   ": a check that fails late delays the next one");
  }
}

void check_twice(const Scope& scope) {
  std::set<std::pair<std::string, std::optional<uint16_t>>> seen;
  for (const Server& server : scope.origin.servers) {
    if (server.host.empty() ||
        seen.emplace(proto::canonical_host(server.host), server.port).second) {
      continue;
    }
    scope.warn(server.place, "origin.servers", "W_SERVER_TWICE",
               in_quotes(join_host_port(server.host, server.port)) +
                   " is listed twice: a larger share is a weight");
  }
}

void check_auth(const Scope& scope) {
  const Origin& origin = scope.origin;
  if (!origin.auth || !origin.auth->credentials.basic) return;
  const OriginAuth& auth = *origin.auth;
  auto say = [&scope](const char* key, const std::string& text) {
    scope.warn(key, "W_BASIC_PLAINTEXT", text);
  };
  if (auth.allow_basic_plaintext && origin.protocol != Origin::Protocol::https) {
    say("origin.auth.allow_basic_plaintext",
        "over http the password is sent so that everybody on the way can read it");
  }
  bool never = !auth.allow_basic_plaintext && !auth.credentials.digest &&
               origin.protocol == Origin::Protocol::http;
  if (never) {
    say("origin.auth.schemes",
        "basic alone is never sent over http: allow digest, use https, or set "
        "allow_basic_plaintext: true");
  }
}

void check_verification(const Scope& scope) {
  const Origin& origin = scope.origin;
  const bool never = origin.protocol == Origin::Protocol::http && origin.max_redirects == 0;
  if (origin.tls.verify || !origin.tls.pins.empty() || never) return;
  scope.warn("origin.tls.verify", "W_NOT_VERIFIED",
             "with verify: false anybody on the way can be the origin; give its authority in ca, "
             "or the public key in pins");
}

// Only literals: what a name resolves to is not known here.
void check_source(const Scope& scope) {
  const Origin& origin = scope.origin;
  if (origin.source.empty()) return;
  for (const Server& server : origin.servers) {
    const bool proxied = origin.forward_proxy && !origin.forward_proxy->is_direct(server.host);
    const std::string& host = proxied ? origin.forward_proxy->host : server.host;
    if (!is_ip(host)) continue;
    const bool ipv6 = is_ipv6(host);
    if (std::any_of(origin.source.begin(), origin.source.end(),
                    [ipv6](const std::string& source) { return is_ipv6(source) == ipv6; }))
      continue;
    scope.warn(server.place, "origin.source", "W_SOURCE_FAMILY",
               std::string("no address of source is an ") + (ipv6 ? "IPv6" : "IPv4") +
                   " address, so " + in_quotes(host) +
                   " is reached from whichever address the system chooses");
  }
}

// Whether requests of this scope need servers, or something in their place.
void check_presence(const Scope& scope) {
  const Origin& origin = scope.origin;
  if (origin.builtin != Origin::Builtin::none || !origin.servers.empty()) return;
  if (scope.route != nullptr) {
    return scope.error("origin",
                       "it has no action: write origin: { servers: [...] }, redirect, respond or "
                       "builtin: echo");
  }
  // Without an origin of its own a domain has what its routes have.
  if (!scope.domain.routes.empty()) return;
  if (scope.websocket.enabled || scope.http.enabled) {
    return scope.error("origin.servers",
                       std::string(scope.websocket.enabled ? "websocket" : "http") +
                           ".enabled needs an origin; write servers: [{ address: "
                           "\"10.0.0.5:8080\" }] or builtin: echo");
  }
  scope.warn("origin.servers", "W_NO_ORIGIN", "no origin, so every request is refused");
}

}  // namespace

void check_servers(const Document& document, const Scope& scope) {
  const Origin& origin = scope.origin;
  if (origin.builtin != Origin::Builtin::none && !origin.servers.empty()) {
    scope.error("origin",
                "builtin and servers exclude each other; remove one (builtin: none undoes an "
                "inherited one)");
  }
  check_presence(scope);
  const auto idle = [](const Server& server) { return server.weight == 0; };
  if (!origin.servers.empty() && std::ranges::all_of(origin.servers, idle)) {
    scope.error("origin.servers",
                "every server has weight: 0, so nobody new could be given to any of them");
  }
  for (const Server& server : origin.servers) {
    if (!is_loop(document, scope, server)) continue;
    scope.error(server.place, "origin.servers",
                "the origin " + in_quotes(server.host) +
                    " is the domain itself, so requests would come back here without end");
  }
}

void check_origin(const Scope& scope) {
  const Origin& origin = scope.origin;
  check_times(scope);
  check_twice(scope);
  check_auth(scope);
  check_source(scope);
  check_verification(scope);
  if (origin.hash_on != HashOn{} && origin.balance != Origin::Balance::hash)
    scope.warn("origin.hash_on", "W_HASH_ON", "hash_on acts only with balance: hash");
  if (origin.warm > 0 && origin.proxy_protocol != Origin::ProxyProtocol::off) {
    scope.error("origin.warm",
                "warm and proxy_protocol exclude each other: a PROXY header names the one client "
                "that a connection is for, so none can be made before the client is there");
  }
  if (origin.max_redirects == 0 && !origin.redirect_hosts.empty()) {
    scope.warn("origin.redirect_hosts", "W_NO_REDIRECTS",
               "redirect_hosts acts only with max_redirects above 0");
  }
}

}  // namespace gateway::config
