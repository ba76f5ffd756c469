#include "gateway/config/http_check.h"

#include <algorithm>
#include <array>
#include <string>

#include "gateway/config/units.h"
#include "proto/base/text.h"

namespace gateway::config {

namespace {

using std::chrono_literals::operator""s;

// Servers of Socket.IO let a poll wait for 25 s.
constexpr milliseconds kLongPoll{30s};

// What answers whichever switch is on.
bool answers_by_itself(const Http& http, const Origin& origin) {
  return http.redirect_https || origin.builtin != Origin::Builtin::none;
}

bool answers(const RouteSettings& route) {
  return !route.leads_to_origin() || route.http.enabled || route.websocket.enabled ||
         answers_by_itself(route.http, route.origin);
}

void check_switches(const Scope& scope) {
  const Domain& domain = scope.domain;
  const bool enabled = domain.http.enabled || domain.websocket.enabled;
  if (enabled || answers_by_itself(domain.http, domain.origin)) return;
  if (std::ranges::any_of(domain.routes, answers)) return;
  // One without an origin is told so.
  if (domain.origin.servers.empty() && domain.routes.empty()) return;
  scope.warn(domain.place, "domains", "W_NOTHING_ENABLED",
             "neither http.enabled nor websocket.enabled is true, so every request is refused");
}

// TLS ends here, or at a proxy that may say so.
bool can_have_tls(const Document& document, const Domain& domain) {
  return domain.tls || !document.trusted_proxies.empty();
}

void check_tls(const Document& document, const Scope& scope) {
  if (can_have_tls(document, scope.domain)) return;
  const auto say = [&scope](const char* key, const std::string& text) {
    scope.error(key, text + "; give the domain tls: { certificate: file:/path, key: file:/path }");
  };
  if (scope.http.redirect_https)
    say("http.redirect_https", "redirect_https leads to https, and there is no certificate for it");
  const auto& sticky = scope.origin.sticky;
  if (sticky && sticky->by == Sticky::By::cookie && sticky->same_site == Sticky::SameSite::none)
    say("origin.sticky", "browsers drop a cookie with same_site: none that came without TLS");
}

// Whether a path like this is where chat goes that falls back to polling.
bool is_of_chat(std::string_view path) {
  constexpr std::array<std::string_view, 4> kOfChat = {"socket.io", "engine.io", "sockjs",
                                                       "signalr"};
  const std::string lower = proto::to_lower(path);
  return std::ranges::any_of(
      kOfChat, [&lower](std::string_view name) { return lower.find(name) != lower.npos; });
}

void check_chat(const Scope& scope) {
  const bool polls = scope.route != nullptr && scope.route->leads_to_origin() &&
                     scope.http.enabled && is_of_chat(scope.route->path);
  if (!polls) return;
  if (scope.origin.servers.size() > 1 && !scope.origin.sticky) {
    scope.warn("origin.sticky", "W_STICKY",
               "there are several servers and sticky is off, so the requests of one session come "
               "to different servers, which know nothing of it; write sticky: cookie, client_ip or "
               "\"query:sid\"");
  }
  if (scope.http.response_timeout < kLongPoll) {
    scope.warn("http.response_timeout", "W_POLL_TIMEOUT",
               "http.response_timeout " + format_duration(scope.http.response_timeout) +
                   " is below 30s, and a long poll is answered after 25s when there is nothing to "
                   "say");
  }
}

void check_nodes(const Document& document, const Scope& scope) {
  const auto& sticky = scope.origin.sticky;
  if (!document.usage.postgres || !sticky || sticky->by != Sticky::By::query) return;
  scope.warn("origin.sticky", "W_STICKY_NODE",
             "each node learns for itself which server an id belongs to, and usage.postgres says "
             "that there are several: what is in front of them has to keep a client to one node");
}

}  // namespace

void check_http(const Document& document, const Scope& scope) {
  if (scope.route == nullptr) check_switches(scope);
  check_chat(scope);
  // What a route has from its domain is told there.
  if (scope.route == nullptr || scope.http != scope.domain.http || scope.route->own_pool)
    check_tls(document, scope);
  if (scope.route == nullptr || scope.route->own_pool) check_nodes(document, scope);
}

}  // namespace gateway::config
