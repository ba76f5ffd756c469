// Brings up the connection to an origin: a warm one, or name resolution, TCP to one address after
// the other, a forward proxy's tunnel, the PROXY header, TLS.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/log/session_end.h"
#include "gateway/net/dialer.h"
#include "gateway/net/resolver.h"
#include "gateway/net/tls_stream.h"
#include "gateway/origin/target.h"
#include "gateway/route/snapshot.h"
#include "proto/proxy_header/header.h"

namespace gateway::origin {

class Ways;

struct Failure {
  log::Cause cause;
  int status;  // 502, 504 for what took too long, 503 (overload) when it is our own lack of ports
  std::string why;             // for log and body: names no address of the inside
  std::string detail;          // for the log alone: which addresses, what the system said
  bool nothing_asked = false;  // no request was sent: another server may be tried
  bool exhausted = false;      // nothing was left to try at this server: it has not failed anew
};

// Begins at once and calls back once, from the loop. Destroying it gives up. Every step has its own
// time limit: connect_timeout for a name and for each address, io_timeout for a forward proxy's
// answer and for TLS; the whole is the owner's deadline.
class Connector final : public net::Dialer::Handler,
                        public net::Stream::Handler,
                        public net::TlsStream::HandshakeHandler,
                        private net::DeadlineWheel::Entry {
 public:
  class Handler {
   public:
    // The stream has no handler yet: start() it. Both may destroy the connector.
    virtual void on_connected(std::unique_ptr<net::Stream> stream, const net::Address& address) = 0;
    virtual void on_connect_failed(const Failure& failure) = 0;

   protected:
    ~Handler() = default;
  };

  struct Plan {
    const route::Domain& domain;
    const route::Server& server;  // both outlive the connector
    Target target;
    std::string tls_name;
    // Both ends of the client's connection, for proxy_protocol; nothing: a connection of our own.
    std::optional<proto::proxy_header::Addresses> client = std::nullopt;
    // Addresses of this server that this request has been to: they are left out, whatever their
    // port. Behind a forward proxy there is one address only, the proxy's.
    std::vector<net::Address> tried = {};
    // The worker's. Null: no warm connections, and what proxies and ports taught is forgotten.
    Ways* ways = nullptr;
    bool fresh = false;  // no warm connection, as after one on which the request met a reset
  };

  Connector(net::Loop& loop, net::Resolver& resolver, Plan plan, Handler& handler);

  // From on_connected on with the port that answered, which may be another candidate than asked
  // for.
  const Target& target() const { return plan_.target; }
  // In on_connected: the connection was made before it was needed. When it ends before an answer
  // has begun, that is no failure of the server: connect again with `fresh`.
  bool warm() const { return warm_; }
  // What failed on the way, in order, also when another address has answered in the end: "address:
  // reason". For the log; at most kMaxSetbacks.
  const std::vector<std::string>& setbacks() const { return setbacks_; }

  static constexpr size_t kMaxSetbacks = 16;

 private:
  void resolved(const net::Resolver::Answer& answer);
  void dial_next();
  void on_connected(std::unique_ptr<net::TcpStream> stream) override;
  void on_dial_failed(const net::IoError& error) override;
  void on_secured() override;
  void on_data(net::Bytes) override {}
  void on_end() override {}
  void on_drained() override {}
  void on_failed(const net::IoError& error) override;
  void on_deadline(std::chrono::milliseconds now) override;
  void connect_failed(const std::string& what, bool timed_out);

  net::Loop& loop_;
  Plan plan_;
  Handler& handler_;
  std::unique_ptr<net::Resolver::Query> query_;
  std::vector<net::Address> addresses_;  // those not tried yet, the next one last
  net::Address address_;
  std::unique_ptr<net::Dialer> dialer_;
  std::unique_ptr<net::TlsStream> tls_;
  bool warm_ = false;
  std::vector<std::string> setbacks_;
};

}  // namespace gateway::origin
