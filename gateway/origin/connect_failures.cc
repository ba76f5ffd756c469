#include "gateway/origin/connect_failures.h"

#include <utility>

namespace gateway::origin {

using outcome::Blame;
using outcome::Cause;
using outcome::Failure;
using outcome::Retry;

Failure ConnectFailures::spoken_to_over_http_alone() const {
  return {.cause = Cause::origin_tls,
          .retry = Retry::elsewhere,
          .why = "the origin is spoken to over http alone",
          .detail = server_.host};
}

const std::string& ConnectFailures::name() const {
  return proxy_ != nullptr ? proxy_->host : server_.host;
}

Failure ConnectFailures::unresolved(int status, const std::string& what, std::string detail) const {
  const bool by_proxy = proxy_ != nullptr;
  return {.cause = by_proxy ? Cause::proxy_connect : Cause::origin_resolve,
          .status = status,
          .blame = by_proxy ? Blame::proxy : Blame::server,
          .retry = Retry::elsewhere,
          .why = (by_proxy ? "the forward proxy's name " : "the origin's name ") + what,
          .detail = std::move(detail)};
}

Failure ConnectFailures::cannot_look_up(const std::string& error) const {
  return {.cause = Cause::overload,
          .status = 503,
          .blame = Blame::us,
          .retry = Retry::elsewhere,
          .why = "this node cannot look up names now",
          .detail = name() + ": " + error};
}

Failure ConnectFailures::not_resolved(const std::string& error) const {
  return unresolved(502, "cannot be resolved", name() + ": " + error);
}

Failure ConnectFailures::denied(std::string which) const {
  return unresolved(502, "leads to an address that deny_addresses does not allow",
                    std::move(which));
}

Failure ConnectFailures::not_resolved_in_time() const {
  return unresolved(504, "was not resolved in time", name());
}

Failure ConnectFailures::leads_to_ourselves(bool redirected, std::string which) const {
  return {.cause = redirected ? Cause::origin_redirect : Cause::origin_resolve,
          .retry = Retry::elsewhere,
          .why = redirected ? "the origin redirects to this gateway itself"
                            : "the origin's name leads to this gateway itself",
          .detail = std::move(which)};
}

Failure ConnectFailures::no_other_address() const {
  return {.cause = Cause::origin_connect,
          .retry = Retry::next_only,
          .why = "the origin has no other address",
          .detail = server_.host};
}

Failure ConnectFailures::no_local_port(const std::string& place, const std::string& missing) const {
  const bool taken = missing.empty();
  return {.cause = Cause::overload,
          .status = 503,
          .blame = Blame::us,
          .retry = Retry::elsewhere,
          .why = taken ? "no local port is free towards the origin"
                       : "no address of ours is there to connect from",
          .detail = place + (taken ? ": no local port is free"
                                   : ": origin.source is not this machine's: " + missing)};
}

Failure ConnectFailures::refused(const std::string& place, const std::string& what) const {
  if (proxy_ != nullptr)
    return proxy_failure(502, "the forward proxy refuses connections", place + ": " + what);
  return {.cause = Cause::origin_connect,
          .retry = Retry::elsewhere,
          .why = "the origin refuses connections",
          .detail = place + ": " + what};
}

Failure ConnectFailures::not_accepted_in_time(const std::string& place) const {
  std::string detail = place + ": connection timed out";
  if (proxy_ != nullptr) {
    return proxy_failure(504, "the forward proxy did not accept the connection in time",
                         std::move(detail));
  }
  return {.cause = Cause::origin_timeout,
          .status = 504,
          .retry = Retry::elsewhere,
          .why = "the origin did not accept the connection in time",
          .detail = std::move(detail)};
}

Failure ConnectFailures::no_tls(const std::string& place, const std::string& tls_name,
                                const std::string& what) const {
  return {.cause = Cause::origin_tls,
          .retry = Retry::elsewhere,
          .why = "no TLS connection to the origin: " + what,
          .detail = place + " (" + tls_name + "): " + what};
}

Failure ConnectFailures::no_tls_in_time(const std::string& place) const {
  return {.cause = Cause::origin_timeout,
          .status = 504,
          .retry = Retry::elsewhere,
          .why = "the origin did not finish the TLS handshake in time",
          .detail = place + ": no TLS handshake in time"};
}

Failure proxy_failure(int status, std::string why, std::string detail) {
  return {.cause = Cause::proxy_connect,
          .status = status,
          .blame = Blame::proxy,
          .retry = Retry::elsewhere,
          .why = std::move(why),
          .detail = std::move(detail)};
}

}  // namespace gateway::origin
