#include "gateway/edge/judgement.h"

#include <algorithm>
#include <utility>

#include "proto/base/host.h"
#include "proto/http1/forwarding.h"
#include "proto/http1/method.h"
#include "proto/http1/path_forms.h"
#include "proto/http1/web_origin.h"

namespace gateway::edge {

using outcome::By;
using outcome::Cause;

namespace {

// Of CONNECT and TRACE, which are refused before it is known whose they are.
constexpr std::string_view kUsualMethods = "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH";

// Why the page may not open; nothing: it may. Cross-site WebSocket hijacking (CWE-1385): whole
// values are compared, never parts.
std::optional<std::string> origin_fault(const Request& request) {
  const config::Access& access = request.domain->config->access;
  const size_t given = request.head.fields.count("Origin");
  if (access.origins == config::Access::Origins::any || given == 0) return std::nullopt;
  if (given > 1) return "it came with more than one Origin field";
  const auto origin = proto::http1::parse_web_origin(*request.head.fields.first("Origin"));
  if (!origin) return "its Origin is none that a page has";
  const std::string text = proto::http1::to_string(*origin);
  if (access.origins == config::Access::Origins::listed) {
    if (std::ranges::find(access.listed, text) != access.listed.end()) return std::nullopt;
    return text + " is not in access.origins";
  }
  // A page and its WebSockets may have different ports, and many a client that is no browser says
  // http for wss, too.
  if (origin->is_http() && origin->authority.host == request.target.authority.host)
    return std::nullopt;
  return text + " is not a page of this host, and access.origins is same_host";
}

// The domain whose certificate the client was shown: it must be that of the domain that is spoken
// to (hardening T7).
const route::Domain* shown_by_tls(const Request& request) {
  const std::string_view name = request.client.tls.server_name;
  return name.empty() ? request.snapshot->default_tls
                      : request.snapshot->router.find(proto::canonical_host(name));
}

// Whether whoever reads the path in another way than we do would have another route for it.
bool is_ambiguous(const route::Domain& domain, std::string_view path, const route::Route* route) {
  if (proto::http1::has_encoded_nul(path)) return true;
  // A domain without routes is never touched.
  if (domain.config->routes.empty() || proto::http1::reads_one_way(path)) return false;
  const auto readings = proto::http1::path_readings(path);
  return std::ranges::any_of(readings, [&](const std::string& reading) {
    return reading.find('\0') != std::string::npos || domain.route_of(reading) != route;
  });
}

std::optional<Refusal> find_route(Request& request) {
  const route::Domain& domain = *request.domain;
  const route::Route* const route = domain.route_of(request.target.path);
  if (is_ambiguous(domain, request.target.path, route)) {
    return Refusal{.status = 400,
                   .cause = Cause::path_refused,
                   .why = "this path can be read in more than one way"};
  }
  request.route = route;
  if (route != nullptr) return std::nullopt;
  return Refusal{
      .status = 404, .cause = Cause::no_route, .why = "this domain has no route for this path"};
}

// Why the route takes no session, whatever it is asked for with; nothing: it may.
std::optional<Refusal> judge_switch(const Request& request) {
  const config::WebSocket& settings = *request.route->websocket;
  if (settings.enabled && request.route->takes_sessions()) return std::nullopt;
  return Refusal{.status = 403,
                 .cause = Cause::websocket_disabled,
                 .why = settings.enabled ? "this path opens no WebSockets"
                                         : "WebSocket is not enabled for this domain",
                 .by = By::gateway};
}

}  // namespace

std::optional<Refusal> find_domain(Request& request) {
  using proto::http1::MethodKind;
  if (proto::http1::kind_of_method(request.head.method) == MethodKind::refused)
    return refused_method(std::string(kUsualMethods));
  auto target = proto::http1::request_target(request.head);
  if (!target) {
    return Refusal{
        .status = target.error().status, .cause = Cause::bad_request, .why = target.error().why};
  }
  request.target = std::move(*target);
  const route::Snapshot& snapshot = *request.snapshot;
  const route::Domain* named = snapshot.router.find(request.target.authority.host);
  if (request.client.entrance.tls && (named == nullptr || named != shown_by_tls(request))) {
    return Refusal{.status = 421,
                   .cause = Cause::misdirected,
                   .why = "Host does not belong to the name of this TLS connection"};
  }
  if (named == nullptr) {
    return Refusal{
        .status = 404, .cause = Cause::no_route, .why = "no domain is configured for this Host"};
  }
  request.domain = named;
  if (proto::http1::is_loop(request.head.fields, snapshot.via)) {
    return Refusal{
        .status = 508,
        .cause = Cause::loop,
        .why = "the request has come through this gateway before: the origin points back here"};
  }
  return request.target.is_asterisk() ? std::nullopt : find_route(request);
}

std::optional<Refusal> judge_upgrade(bool draining, Request& request) {
  if (request.route->websocket->require_tls && !request.client_tls()) {
    return Refusal{.status = 403,
                   .cause = Cause::tls_required,
                   .why = "this address opens WebSockets over TLS alone: ask for wss"};
  }
  auto upgrade = proto::ws::judge_request(request.head);
  if (!upgrade) {
    const bool version = upgrade.error().status == 426;
    return Refusal{.status = upgrade.error().status,
                   .cause = Cause::bad_request,
                   .why = upgrade.error().why,
                   .fields = version ? "Sec-WebSocket-Version: 13\r\n" : ""};
  }
  request.upgrade = std::move(*upgrade);
  if (auto refusal = judge_switch(request)) return refusal;
  if (auto fault = origin_fault(request)) {
    return Refusal{.status = 403,
                   .cause = Cause::origin_not_allowed,
                   .why = "this Origin may not open WebSockets here",
                   .by = By::gateway,
                   .detail = *std::move(fault)};
  }
  if (request.domain->budget &&
      request.domain->budget->load(std::memory_order_relaxed) == usage::BudgetStanding::hard) {
    return Refusal{.status = 429,
                   .cause = Cause::quota,
                   .why = "the usage budget of this domain is used up",
                   .by = By::gateway};
  }
  if (draining) return refused_by_drain();
  return std::nullopt;
}

}  // namespace gateway::edge
