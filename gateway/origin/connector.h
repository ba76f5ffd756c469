// Brings up the connection to an origin: a warm one, or name resolution, TCP to one address after
// the other, a forward proxy's tunnel, the PROXY header, TLS.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/net/dialer.h"
#include "gateway/net/dns/resolver.h"
#include "gateway/net/tls/tls_stream.h"
#include "gateway/origin/proxy_authenticator.h"
#include "gateway/origin/target.h"
#include "gateway/origin/tunnel.h"
#include "gateway/outcome/failure.h"
#include "gateway/route/snapshot.h"
#include "proto/proxy_header/header.h"

namespace gateway::origin {

class Ways;

//  resolving ──▶ dialing ──▶ asking the proxy ──▶ securing ──▶ connected (handler)
//                   │  ▲            │ ▲  │               │
//                   │  └────────────┘ │  │ next candidate, challenge answered
//                   └─────────────────┴──┴───────────────┴──▶ failed (handler)
//
// Begins at once and calls back once, from the loop. Destroying it gives up. Every step has its own
// time limit: connect_timeout for a name and for each address, io_timeout for a forward proxy's
// answer and for TLS; the whole is the owner's deadline.
class Connector final : public net::Dialer::Handler,
                        public Tunnel::Handler,
                        public net::Stream::Handler,
                        public net::tls::TlsStream::HandshakeHandler,
                        private net::Poller::Watched,
                        private net::DeadlineWheel::Entry {
 public:
  class Handler {
   public:
    // The stream has no handler yet: start() it in this call, or destroy it. The address is the one
    // that was connected to, a forward proxy's where there is one. Both may destroy the connector,
    // so that what they are given is theirs.
    virtual void on_connected(std::unique_ptr<net::Stream> stream, net::Address address) = 0;
    virtual void on_connect_failed(outcome::Failure failure) = 0;

   protected:
    ~Handler() = default;
  };

  struct Plan {
    const route::Pool& pool;
    const route::Server& server;  // both outlive the connector
    Target target;
    std::string tls_name;
    // Both ends of the client's connection, for proxy_protocol; nothing: a connection of our own.
    std::optional<proto::proxy_header::Addresses> client = std::nullopt;
    // Addresses of this server that this request has been to: they are left out, whatever their
    // port. Behind a forward proxy there is one address only, the proxy's.
    std::vector<net::Address> tried = {};
    uint32_t most_retries = UINT32_MAX;  // further addresses after the first that is connected to
    // The worker's. Null: no warm connections, and what proxies and ports taught is forgotten.
    Ways* ways = nullptr;
    bool fresh = false;  // no warm connection, as after one on which the request met a reset
    // A host of redirect_hosts: it is not shown our certificate, which was given for the origin.
    bool foreign = false;
  };

  Connector(net::Loop& loop, net::dns::Resolver& resolver, Plan plan, Handler& handler);
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;
  ~Connector();

  // From on_connected on with the port that answered, which may be another candidate than asked
  // for.
  const Target& target() const { return plan_.target; }
  // In on_connected: the connection was made before it was needed. When it ends before an answer
  // has begun, that is no failure of the server: connect again with `fresh`.
  bool warm() const { return warm_; }
  // What failed on the way, in order, also when another address has answered in the end: "address:
  // reason". For the log; at most kMaxSetbacks.
  const std::vector<std::string>& setbacks() const { return setbacks_; }
  // How often it has gone on to another address. Another port of the same one does not count: that
  // is how a server is found.
  uint32_t retries() const { return retries_; }
  // Those of the plan, and those that this has been to.
  const std::vector<net::Address>& tried() const { return plan_.tried; }
  // In on_connected: whether the server may have an address that is not among these.
  bool has_others() const;

  // In on_connected: the socket below whatever the stream is.
  int fd() const { return fd_; }

  static constexpr size_t kMaxSetbacks = 16;

 private:
  struct Candidate {
    net::Address address;  // to connect to
    uint16_t port;         // the origin's; another one than the address's behind a forward proxy
  };

  void on_ready(uint32_t events) override;
  void on_connected(std::unique_ptr<net::TcpStream> stream) override;
  void on_dial_failed(const net::IoError& error) override;
  void on_tunnel(std::unique_ptr<net::Stream> stream,
                 const proto::http1::ResponseHead& head) override;
  void on_tunnel_refused(const proto::http1::ResponseHead& head) override;
  void on_tunnel_failed(std::string why) override;
  void on_secured() override;
  void on_data(net::Bytes) override {}
  void on_end() override {}
  void on_drained() override {}
  void on_failed(const net::IoError& error) override;
  void on_deadline(std::chrono::milliseconds now) override;

  const config::Origin& settings() const { return plan_.pool.settings(); }
  proto::auth::Authorizer* authorizer();
  std::string authority() const { return authority_of(plan_.server.host, current_.port); }
  std::string place() const;  // of the current candidate, for the log
  bool is_at_current(const Candidate& one) const;

  bool take_warm();
  void begin();
  void resolved(const net::dns::Resolver::Answer& answer);
  // `written`: by the operator, and not by DNS.
  void list_candidates(const std::vector<net::Address>& addresses, bool written);
  void fail_without_candidates(const std::string& ours);
  bool was_tried(const net::Address& address) const;
  void remember(const net::Address& address);
  void dial_next();
  void dial();
  void ask_proxy(std::unique_ptr<net::Stream> stream);
  bool answer_challenge(const proto::http1::ResponseHead& head);  // false: this has failed
  void established(std::unique_ptr<net::Stream> stream);
  void finish(std::unique_ptr<net::Stream> stream);
  outcome::Failure port_failure() const;
  outcome::Failure dial_failure(const std::string& what, bool timed_out) const;
  outcome::Failure proxy_failure(int status, std::string why, const std::string& what) const;
  void set_back(outcome::Failure failure);  // on to the next candidate, if there is one
  void keep_for_the_end(const outcome::Failure& failure);
  void fail(outcome::Failure failure);

  net::Loop& loop_;
  net::dns::Resolver& resolver_;
  Plan plan_;
  Handler& handler_;
  const config::ForwardProxy* proxy_ = nullptr;  // null: none is on the way
  std::unique_ptr<net::dns::Resolver::Query> query_;
  std::vector<Candidate> candidates_;  // those not tried yet, the next one last
  Candidate current_{};
  std::unique_ptr<net::Dialer> dialer_;
  std::unique_ptr<Tunnel> tunnel_;
  std::unique_ptr<net::tls::TlsStream> tls_;
  proto::auth::Attempt proxy_attempt_;
  ProxyAuthenticator own_authenticator_;  // where no worker lends one
  std::vector<std::string> setbacks_;
  std::optional<outcome::Failure>
      told_;  // of those so far: what is told when nothing is left to try
  uint32_t retries_ = 0;
  int fd_ = -1;
  bool warm_ = false;
};

}  // namespace gateway::origin
