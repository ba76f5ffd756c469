#include "gateway/edge/judgement.h"

#include <algorithm>
#include <utility>

#include "proto/base/host.h"
#include "proto/http1/forwarding.h"
#include "proto/http1/web_origin.h"

namespace gateway::edge {

using outcome::By;
using outcome::Cause;

namespace {

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

}  // namespace

std::optional<Refusal> find_domain(Request& request) {
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
  if (request.target.is_asterisk()) return std::nullopt;
  request.route = named->route_of(request.target.path);
  if (request.route == nullptr) {
    return Refusal{
        .status = 404, .cause = Cause::no_route, .why = "this domain has no route for this path"};
  }
  if (proto::http1::is_loop(request.head.fields, snapshot.via)) {
    return Refusal{
        .status = 508,
        .cause = Cause::loop,
        .why = "the request has come through this gateway before: the origin points back here"};
  }
  return std::nullopt;
}

std::optional<Refusal> judge_upgrade(bool draining, Request& request) {
  auto upgrade = proto::ws::judge_request(request.head);
  if (!upgrade) {
    const bool version = upgrade.error().status == 426;
    return Refusal{.status = upgrade.error().status,
                   .cause = Cause::bad_request,
                   .why = upgrade.error().why,
                   .fields = version ? "Sec-WebSocket-Version: 13\r\n" : ""};
  }
  request.upgrade = std::move(*upgrade);
  if (!request.domain->config->websocket.enabled) {
    return Refusal{.status = 403,
                   .cause = Cause::websocket_disabled,
                   .why = "WebSocket is not enabled for this domain",
                   .by = By::gateway};
  }
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
