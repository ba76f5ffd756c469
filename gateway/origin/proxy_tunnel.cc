#include "gateway/origin/proxy_tunnel.h"

#include <utility>

#include "gateway/origin/connect_failures.h"
#include "proto/http1/head_writer.h"

namespace gateway::origin {

using outcome::Failure;

ProxyTunnel::ProxyTunnel(net::Loop& loop, const config::ForwardProxy& proxy,
                         ProxyAuthenticator& authenticator, Handler& handler)
    : loop_(loop), proxy_(proxy), authenticator_(authenticator), handler_(handler) {}

// The way to a forward proxy is never encrypted: whoever configures credentials for it knows.
proto::auth::Request ProxyTunnel::signed_request() const {
  return {.method = "CONNECT", .uri = authority_, .basic_allowed = true};
}

void ProxyTunnel::ask(std::unique_ptr<net::Stream> proxy, std::string authority,
                      std::string place) {
  authority_ = std::move(authority);
  place_ = std::move(place);
  std::optional<std::string> authorization;
  if (proto::auth::Authorizer* const ours = authenticator_.of(proxy_))
    authorization = ours->authorize(signed_request(), authentication_);
  tunnel_.emplace(loop_, std::move(proxy), authority_, authorization, *this);
}

void ProxyTunnel::on_tunnel(std::unique_ptr<net::Stream> stream,
                            const proto::http1::ResponseHead& head) {
  if (proto::auth::Authorizer* const ours = authenticator_.of(proxy_))
    ours->answered(head.fields, authentication_);
  tunnel_.reset();
  handler_.on_tunneled(std::move(stream));
}

void ProxyTunnel::on_tunnel_refused(const proto::http1::ResponseHead& head) {
  // tinyproxy refuses wrong credentials by 401.
  if (head.status != 407 && head.status != 401) {
    const std::string said =
        std::to_string(head.status) + " " + std::string(proto::http1::reason_phrase(head.status));
    handler_.on_tunnel_refused(proxy_failure(502, "the forward proxy gives no tunnel to the origin",
                                             place_ + ": " + said));
    return;
  }
  if (auto failure = answer_challenge(head)) {
    handler_.on_tunnel_refused(std::move(*failure));
    return;
  }
  tunnel_.reset();
  handler_.on_tunnel_challenged();
}

std::optional<Failure> ProxyTunnel::answer_challenge(const proto::http1::ResponseHead& head) {
  std::optional<std::string> fault = "no credentials are configured for it";
  const char* why = "the forward proxy asks for credentials";
  if (proto::auth::Authorizer* const ours = authenticator_.of(proxy_)) {
    if (!authentication_.answered.empty())
      why = "the forward proxy does not accept our credentials";
    fault = ours->challenged(head.fields, signed_request(), authentication_);
    if (!fault) return std::nullopt;
  }
  Failure failure =
      proxy_failure(502, why, place_ + ": " + std::to_string(head.status) + ": " + *fault);
  // Asking again with the same credentials could only lock them.
  failure.retry = outcome::Retry::no;
  return failure;
}

void ProxyTunnel::on_tunnel_failed(std::string why) {
  handler_.on_tunnel_lost(
      proxy_failure(502, "the forward proxy gives no tunnel to the origin", place_ + ": " + why));
}

Failure ProxyTunnel::not_answered_in_time() const {
  return proxy_failure(504, "the forward proxy did not answer in time",
                       place_ + ": no answer in time");
}

}  // namespace gateway::origin
