// Two ends of a TLS connection on one loop, with certificates made on the spot.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "gateway/net/tcp_stream.h"
#include "gateway/net/tls/origin.h"
#include "gateway/net/tls/tls_stream.h"
#include "tests/support/certificates.h"
#include "tests/support/loop_stage.h"

namespace tests {

using gateway::net::TcpStream;
using gateway::net::UniqueFd;
using gateway::net::tls::Certificate;
using gateway::net::tls::ListenerContext;
using gateway::net::tls::SslContextPtr;
using gateway::net::tls::SslPtr;
using gateway::net::tls::TicketKeys;
using gateway::net::tls::TlsStream;

inline Certificates& certificates() {
  static Certificates all;
  return all;
}

// A TLS listener for the domains whose certificates it is given, the first for clients without a
// name.
class TlsServer {
 public:
  TlsServer& add(const std::string& domain, const Certificate& certificate) {
    auto made = gateway::net::tls::make_server_context(certificate);
    REQUIRE(made.has_value());
    if (contexts_.empty()) first_ = domain;
    contexts_[domain] = std::move(*made);
    return *this;
  }
  SslPtr connection() const { return tls_.new_connection(); }

  TicketKeys keys;
  std::map<std::string, int> asked;  // server names

 private:
  ListenerContext::Choice choose(std::string_view name) {
    ++asked[std::string(name)];
    auto found = contexts_.find(std::string(name));
    if (found == contexts_.end()) found = contexts_.find(first_);
    return {.context = found->second.get(), .domain = found->first};
  }
  std::map<std::string, SslContextPtr> contexts_;
  std::string first_;
  ListenerContext tls_{keys, [this](std::string_view name) { return choose(name); }};
};

struct Secured final : TlsStream::HandshakeHandler {
  void on_secured() override {
    ++times;
    if (hook) hook();
  }
  int times = 0;
  std::function<void()> hook;
};

struct End {
  Recorder told;
  Secured secured;
  std::unique_ptr<TlsStream> stream;
  void write(std::string_view text) { stream->write(proto::bytes_of(text)); }
};

inline SslContextPtr trusting_context() {
  auto made =
      gateway::net::tls::make_origin_context({.verify = true, .ca_file = certificates().ca_file()});
  REQUIRE(made.has_value());
  return std::move(*made);
}

// Both ends on one loop.
struct TlsScene {
  TlsScene(const TlsServer& listener, SslPtr client_ssl, int receive_buffer = 0)
      : TlsScene(listener.connection(), std::move(client_ssl), receive_buffer) {}
  TlsScene(SslPtr server_ssl, SslPtr client_ssl, int receive_buffer = 0) {
    Connection connection = make_connection(receive_buffer);
    UniqueFd far = non_blocking(UniqueFd(::dup(connection.peer.fd())));
    connection.peer.close();
    server.stream =
        make(std::move(connection.ours), std::move(server_ssl), TlsStream::Role::server, server);
    client.stream = make(std::move(far), std::move(client_ssl), TlsStream::Role::client, client);
    server.stream->start(server.told);
    client.stream->start(client.told);
  }
  std::unique_ptr<TlsStream> make(UniqueFd fd, SslPtr ssl, TlsStream::Role role, End& end) {
    return std::make_unique<TlsStream>(stage.loop,
                                       std::make_unique<TcpStream>(stage.loop, std::move(fd)),
                                       std::move(ssl), role, &end.secured);
  }
  bool until(const std::function<bool()>& happened) { return stage.run_until(happened); }
  bool secured() {
    return until([&] { return server.secured.times == 1 && client.secured.times == 1; });
  }

  LoopStage stage;
  End server;
  End client;
};

}  // namespace tests
