// Brings up the connection to an origin: name resolution, TCP to one address after the other, TLS.
// Destroying it gives up.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gateway/log/session_end.h"
#include "gateway/net/dialer.h"
#include "gateway/net/resolver.h"
#include "gateway/net/tls_stream.h"
#include "gateway/origin/target.h"
#include "gateway/route/snapshot.h"

namespace gateway::origin {

struct Failure {
  log::Cause cause;
  int status;                  // 502, or 504 for what took too long
  std::string why;             // for log and body: names no address of the inside
  std::string detail;          // for the log alone: which address, what the system said
  bool nothing_asked = false;  // no request was sent: another server may be tried
};

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
    const route::Server& server;
    Target target;
    std::string tls_name;
  };

  Connector(net::Loop& loop, net::Resolver& resolver, Plan plan, Handler& handler);

  const Target& target() const { return plan_.target; }

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
};

}  // namespace gateway::origin
