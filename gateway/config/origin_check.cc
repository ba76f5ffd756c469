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
bool is_loop(const Document& document, const Domain& domain, const Server& server) {
  std::string name = proto::canonical_host(server.host);
  if (std::find(domain.names.begin(), domain.names.end(), name) == domain.names.end()) return false;
  if (!is_ip(server.host) && name != "localhost") return true;
  auto listens = [&document](uint16_t port) {
    return std::any_of(document.listeners.begin(), document.listeners.end(),
                       [port](const Listener& listener) {
                         return std::find(listener.ports.begin(), listener.ports.end(), port) !=
                                listener.ports.end();
                       });
  };
  if (server.port) return listens(*server.port);
  const Origin& origin = domain.origin;
  return std::any_of(origin.http_ports.begin(), origin.http_ports.end(), listens) ||
         std::any_of(origin.https_ports.begin(), origin.https_ports.end(), listens);
}

void check_times(const Domain& domain, Problems& problems) {
  const Origin& origin = domain.origin;
  auto warning = [&](const char* path, const char* code, const std::string& text) {
    warn(problems, domain.places.of(path), path, code, name_of(domain) + ": " + text);
  };
  if (origin.request_timeout > 150s) {
    warning("origin.request_timeout", "W_REQUEST_TIMEOUT",
            "request_timeout " + format_duration(origin.request_timeout) +
                " is above 150s: few clients wait that long; 60s or less is recommended");
  }
  if (origin.request_timeout > origin.establish_timeout) {
    warning("origin.request_timeout", "W_ESTABLISH_TIMEOUT",
            greater("request_timeout", origin.request_timeout, "establish_timeout",
                    origin.establish_timeout) +
                ": establish_timeout ends the attempt first");
  }
  if (origin.health && origin.health->timeout > origin.health->interval) {
    warning("origin.health.timeout", "W_HEALTH_TIMEOUT",
            greater("health.timeout", origin.health->timeout, "health.interval",
                    origin.health->interval) +
                ": a check that fails late delays the next one");
  }
}

void check_twice(const Domain& domain, Problems& problems) {
  std::set<std::pair<std::string, std::optional<uint16_t>>> seen;
  for (const Server& server : domain.origin.servers) {
    if (server.host.empty() ||
        seen.emplace(proto::canonical_host(server.host), server.port).second) {
      continue;
    }
    warn(problems, server.place, "origin.servers", "W_SERVER_TWICE",
         name_of(domain) + ": " + in_quotes(join_host_port(server.host, server.port)) +
             " is listed twice: a larger share is a weight");
  }
}

void check_auth(const Domain& domain, Problems& problems) {
  const Origin& origin = domain.origin;
  if (!origin.auth || !origin.auth->credentials.basic) return;
  const OriginAuth& auth = *origin.auth;
  auto say = [&](const char* path, const std::string& text) {
    warn(problems, domain.places.of(path), path, "W_BASIC_PLAINTEXT",
         name_of(domain) + ": " + text);
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

void check_verification(const Domain& domain, Problems& problems) {
  const Origin& origin = domain.origin;
  const bool never = origin.protocol == Origin::Protocol::http && origin.max_redirects == 0;
  if (origin.tls.verify || !origin.tls.pins.empty() || never) return;
  warn(problems, domain.places.of("origin.tls.verify"), "origin.tls.verify", "W_NOT_VERIFIED",
       name_of(domain) +
           ": with verify: false anybody on the way can be the origin; give its authority in ca, "
           "or the public key in pins");
}

// Only literals: what a name resolves to is not known here.
void check_source(const Domain& domain, Problems& problems) {
  const Origin& origin = domain.origin;
  if (origin.source.empty()) return;
  for (const Server& server : origin.servers) {
    const bool proxied = origin.forward_proxy && !origin.forward_proxy->is_direct(server.host);
    const std::string& host = proxied ? origin.forward_proxy->host : server.host;
    if (!is_ip(host)) continue;
    const bool ipv6 = is_ipv6(host);
    if (std::any_of(origin.source.begin(), origin.source.end(),
                    [ipv6](const std::string& source) { return is_ipv6(source) == ipv6; }))
      continue;
    warn(problems, server.place, "origin.source", "W_SOURCE_FAMILY",
         name_of(domain) + ": no address of source is an " + (ipv6 ? "IPv6" : "IPv4") +
             " address, so " + in_quotes(host) +
             " is reached from whichever address the system chooses");
  }
}

}  // namespace

void check_servers(const Document& document, const Domain& domain, std::vector<Problem>& problems) {
  const Origin& origin = domain.origin;
  bool builtin = origin.builtin != Origin::Builtin::none;
  if (builtin && !origin.servers.empty()) {
    error(problems, domain.places.of("origin"), "origin",
          name_of(domain) +
              ": builtin and servers exclude each other; remove one (builtin: none "
              "undoes an inherited one)");
  }
  bool nothing = !builtin && origin.servers.empty();
  if (nothing && (domain.websocket.enabled || domain.http.enabled)) {
    error(problems, domain.places.of("origin.servers"), "origin.servers",
          name_of(domain) + ": " + (domain.websocket.enabled ? "websocket" : "http") +
              ".enabled needs an origin; write servers: [{ address: \"10.0.0.5:8080\" }] or "
              "builtin: echo");
  } else if (nothing) {
    warn(problems, domain.places.of("origin.servers"), "origin.servers", "W_NO_ORIGIN",
         name_of(domain) + ": no origin, so every request is refused");
  }
  for (const Server& server : origin.servers) {
    if (!is_loop(document, domain, server)) continue;
    error(problems, server.place, "origin.servers",
          name_of(domain) + ": the origin " + in_quotes(server.host) +
              " is the domain itself, so requests would come back here without end");
  }
}

void check_origin(const Domain& domain, Problems& problems) {
  const Origin& origin = domain.origin;
  check_times(domain, problems);
  check_twice(domain, problems);
  check_auth(domain, problems);
  check_source(domain, problems);
  check_verification(domain, problems);
  if (origin.hash_on != HashOn{} && origin.balance != Origin::Balance::hash) {
    warn(problems, domain.places.of("origin.hash_on"), "origin.hash_on", "W_HASH_ON",
         name_of(domain) + ": hash_on acts only with balance: hash");
  }
  if (origin.warm > 0 && origin.proxy_protocol != Origin::ProxyProtocol::off) {
    error(problems, domain.places.of("origin.warm"), "origin.warm",
          name_of(domain) +
              ": warm and proxy_protocol exclude each other: a PROXY header names the one client "
              "that a connection is for, so none can be made before the client is there");
  }
  if (origin.max_redirects == 0 && !origin.redirect_hosts.empty()) {
    warn(problems, domain.places.of("origin.redirect_hosts"), "origin.redirect_hosts",
         "W_NO_REDIRECTS",
         name_of(domain) + ": redirect_hosts acts only with max_redirects above 0");
  }
}

}  // namespace gateway::config
