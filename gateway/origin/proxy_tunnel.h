// The way through a forward proxy: a tunnel to an origin, with our credentials where the proxy asks
// for them.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "gateway/config/network.h"
#include "gateway/net/loop.h"
#include "gateway/net/stream.h"
#include "gateway/origin/proxy_authenticator.h"
#include "gateway/origin/tunnel.h"
#include "gateway/outcome/failure.h"
#include "proto/auth/authorizer.h"

namespace gateway::origin {

// For one connection to an origin, over all connections to the proxy that it takes.
class ProxyTunnel final : public Tunnel::Handler {
 public:
  class Handler {
   public:
    virtual void on_tunneled(std::unique_ptr<net::Stream> stream) = 0;
    // The proxy wants credentials, and these go out on a connection of their own (RFC 9110 §11.7.1
    // lets it close this one): dial once more and ask() on that.
    virtual void on_tunnel_challenged() = 0;
    // The proxy has answered and gives no tunnel to that port: another address of it would say the
    // same. With Retry::no it would say so of every port.
    virtual void on_tunnel_refused(outcome::Failure failure) = 0;
    // No answer, or none that is HTTP.
    virtual void on_tunnel_lost(outcome::Failure failure) = 0;

   protected:
    ~Handler() = default;
  };

  // All of them outlive it.
  ProxyTunnel(net::Loop& loop, const config::ForwardProxy& proxy, ProxyAuthenticator& authenticator,
              Handler& handler);

  // On a connection to the proxy. `authority`: of the origin; `place`: both, for the log. One of
  // the handler's calls comes, unless stop() does before. How long it may take is the owner's
  // deadline.
  void ask(std::unique_ptr<net::Stream> proxy, std::string authority, std::string place);
  void stop() { tunnel_.reset(); }
  outcome::Failure not_answered_in_time() const;

 private:
  void on_tunnel(std::unique_ptr<net::Stream> stream,
                 const proto::http1::ResponseHead& head) override;
  void on_tunnel_refused(const proto::http1::ResponseHead& head) override;
  void on_tunnel_failed(std::string why) override;

  proto::auth::Request signed_request() const;
  // Nothing: they are answered by the next ask().
  std::optional<outcome::Failure> answer_challenge(const proto::http1::ResponseHead& head);

  net::Loop& loop_;
  const config::ForwardProxy& proxy_;
  ProxyAuthenticator& authenticator_;
  Handler& handler_;
  std::string authority_;
  std::string place_;
  proto::auth::Negotiation authentication_;
  std::optional<Tunnel> tunnel_;
};

}  // namespace gateway::origin
