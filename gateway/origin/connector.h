// Brings up the connection to an origin: one that is kept or warm, or name resolution, TCP to one
// address after the other, a forward proxy's tunnel, the PROXY header, TLS.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/net/dialer.h"
#include "gateway/net/dns/resolver.h"
#include "gateway/net/tls/tls_stream.h"
#include "gateway/origin/candidates.h"
#include "gateway/origin/connect_failures.h"
#include "gateway/origin/proxy_tunnel.h"
#include "gateway/origin/reuse.h"
#include "gateway/origin/target.h"
#include "gateway/origin/trail.h"
#include "gateway/outcome/failure.h"
#include "gateway/route/pool.h"
#include "proto/proxy_header/header.h"

namespace gateway::origin {

class OriginPaths;

//  scheduled ──a kept or warm one stands──────────────────────────────────────▶ told (handler)
//      └──▶ resolving ──▶ dialing ──▶ tunneling ──▶ securing ──connected──▶ told
//               │          │ ▲ ▲ ▲        │ │           │
//               │          └─┘ │ └────────┘ │           │  next candidate, proxy's challenge
//               │              └────────────┴───────────┘
//               └────────────────no candidate is left─────────────────────▶ told
//
// Begins at once and calls back once, from the loop. Destroying it gives up. Every step has its own
// time limit: connect_timeout for a name and for each address, io_timeout for a forward proxy's
// answer and for TLS; the whole is the owner's deadline.
class Connector final : public net::Dialer::Handler,
                        public net::Stream::Handler,
                        public net::tls::TlsStream::HandshakeHandler,
                        public ProxyTunnel::Handler,
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
    OriginPaths& paths;      // the worker's
    Kept kept = Kept::none;  // which of those that have served other requests may serve this one
    bool fresh = false;      // neither a kept one nor a warm one, as after one that was gone
    // A host of redirect_hosts: it is not shown our certificate, which was given for the origin.
    bool foreign = false;
    bool another_address = false;  // than those that were tried: to go there is a retry
  };

  // Those addresses of the server that the trail has been to are left out, whatever their port.
  // Behind a forward proxy there is one only, the proxy's. The trail outlives the connector.
  Connector(net::Loop& loop, net::dns::Resolver& resolver, Plan plan, Trail& trail,
            Handler& handler);
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;
  ~Connector();

  // From on_connected on with the port that answered, which may be another candidate than asked
  // for.
  const Target& target() const { return plan_.target; }
  // In on_connected: the connection was made before it was needed. When it ends before an answer
  // has begun, that is no failure of the server: connect again with `fresh`.
  bool warm() const { return warm_; }
  // In on_connected: the same, and it has served other requests.
  bool kept() const { return lineage_.served > 0; }
  // In on_connected: for Reuse::put(), where the connection may be kept.
  Lineage take_lineage() { return std::move(lineage_); }
  // In on_connected: whether the server may have an address that was not tried.
  bool has_others() const;

 private:
  enum class Stage : uint8_t { scheduled, resolving, dialing, tunneling, securing, told };

  void on_ready(uint32_t events) override;
  void on_connected(std::unique_ptr<net::TcpStream> stream) override;
  void on_dial_failed(const net::IoError& error) override;
  void on_tunneled(std::unique_ptr<net::Stream> stream) override;
  void on_tunnel_challenged() override;
  void on_tunnel_refused(outcome::Failure failure) override;
  void on_tunnel_lost(outcome::Failure failure) override;
  void on_secured() override;
  void on_data(net::Bytes) override {}
  void on_end() override {}
  void on_drained() override {}
  void on_failed(const net::IoError& error) override;
  void on_deadline(std::chrono::milliseconds now) override;

  const config::Origin& settings() const { return plan_.pool.settings(); }
  ConnectFailures failures() const { return {plan_.server, proxy_}; }
  std::string authority() const;
  std::string place() const;  // of the current candidate, for the log
  void advance(Stage next, std::chrono::milliseconds patience);

  bool take_kept();
  bool take_warm();
  void resolve();
  void resolved(const net::dns::Resolver::Answer& answer);
  // `written`: by the operator, and not by DNS.
  void list_candidates(const std::vector<net::Address>& addresses, bool written);
  bool was_tried(const net::Address& address) const;
  void dial_next();
  void dial();
  void established(std::unique_ptr<net::Stream> stream);
  void secure(std::unique_ptr<net::Stream> stream);
  void finish(std::unique_ptr<net::Stream> stream);
  void hand_over(std::unique_ptr<net::Stream> stream, const net::Address& address,
                 std::chrono::milliseconds made);
  void set_back(outcome::Failure failure);
  void fail(outcome::Failure failure);

  net::Loop& loop_;
  net::dns::Resolver& resolver_;
  Plan plan_;
  Trail& trail_;
  Handler& handler_;
  Stage stage_ = Stage::scheduled;
  const config::ForwardProxy* proxy_ = nullptr;  // null: none is on the way
  std::unique_ptr<net::dns::Resolver::Query> query_;
  Candidates candidates_;
  std::unique_ptr<net::Dialer> dialer_;
  std::unique_ptr<ProxyTunnel> tunnel_;  // where there is a proxy
  std::unique_ptr<net::tls::TlsStream> tls_;
  std::optional<outcome::Failure> worst_;  // what is told when nothing is left to try
  Lineage lineage_;
  bool warm_ = false;
};

}  // namespace gateway::origin
