// A connection to an origin, on a loop of its own, with both ends of everything in the test's hand.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "gateway/net/tls/origin.h"
#include "gateway/origin/connector.h"
#include "gateway/origin/origin_paths.h"
#include "tests/support/certificates.h"
#include "tests/support/loop_stage.h"
#include "tests/support/made_snapshot.h"
#include "tests/support/waiting.h"

namespace tests {

using namespace std::chrono_literals;

// What came of it. The stream is read by `told`.
struct ConnectOutcome final : gateway::origin::Connector::Handler {
  void on_connected(std::unique_ptr<gateway::net::Stream> made, gateway::net::Address to) override {
    stream = std::move(made);
    stream->start(told);
    address = to;
    ++connects;
    warm = connector->warm();
    kept = connector->kept();
    lineage = connector->take_lineage();
    port = connector->target().port;
    if (before_end) before_end();
    connector.reset();
  }
  void on_connect_failed(gateway::outcome::Failure why) override {
    ++failures;
    failure = std::move(why);
    if (before_end) before_end();
    connector.reset();
  }
  bool done() const { return connects + failures > 0; }

  // Declared first, so that it outlives the connector.
  gateway::origin::Trail trail;
  std::unique_ptr<gateway::origin::Connector> connector;
  std::function<void()> before_end;  // while the connector still can be asked
  Recorder told;
  std::unique_ptr<gateway::net::Stream> stream;
  gateway::net::Address address;
  uint16_t port = 0;
  bool warm = false;
  bool kept = false;
  gateway::origin::Lineage lineage;
  int connects = 0;
  int failures = 0;
  gateway::outcome::Failure failure{};
};

// A worker's means, and a snapshot of one domain with one server.
struct ConnectScene {
  ConnectScene() {
    // A short patience where a test waits for it to end.
    config.origin.connect_timeout = 200ms;
    config.origin.io_timeout = 200ms;
    config.names = {"chat.example.com"};
    server.backend = std::make_shared<gateway::route::Backend>("chat.example.com", "origin");
  }

  static std::shared_ptr<gateway::route::Snapshot> make_snapshot() {
    auto made = std::make_shared<gateway::route::Snapshot>();
    add_pool(*made, made->document.domains.emplace_back()).servers.emplace_back();
    return made;
  }

  // `asked` may be changed before it begins.
  using Change = std::function<void(gateway::origin::Connector::Plan&)>;
  void connect(const std::string& host, uint16_t port, bool tls = false,
               const std::string& name = "origin.example", const Change& change = {}) {
    server.host = host;
    server.address = gateway::net::Address::parse(host, 0);
    again(port, tls, name, change);
  }
  void again(uint16_t port, bool tls = false, const std::string& name = "origin.example",
             const Change& change = {}) {
    outcome = std::make_unique<ConnectOutcome>();
    outcome->trail = before;
    gateway::origin::Connector::Plan plan{.pool = pool,
                                          .server = server,
                                          .target = {.tls = tls, .port = port},
                                          .tls_name = name,
                                          .paths = *means};
    if (change) change(plan);
    outcome->connector = std::make_unique<gateway::origin::Connector>(
        stage.loop, resolver, std::move(plan), outcome->trail, *outcome);
  }
  bool finished() {
    return stage.run_until([&] { return outcome->done(); });
  }
  // The next connection that comes, once it is there.
  RawPeer accepted(const RawListener& at) {
    REQUIRE(stage.run_until([&] { return readable(at.fd()); }));
    return RawPeer(at.accept());
  }
  bool has(RawPeer& peer, std::string_view text) {
    return stage.run_until([&] {
      peer.read();
      return peer.received.find(text) != std::string::npos;
    });
  }
  bool has_ended(RawPeer& peer) {
    return stage.run_until([&] {
      peer.read();
      return peer.ended || peer.error != 0;
    });
  }
  static uint16_t closed_port() { return RawListener().address().port(); }

  LoopStage stage;
  gateway::net::dns::Resolver resolver{stage.loop};
  std::shared_ptr<gateway::route::Snapshot> snapshot = make_snapshot();
  gateway::config::Domain& config = snapshot->document.domains.front();
  gateway::route::Pool& pool = pool_of(*snapshot);
  gateway::route::Server& server = pool.servers.front();
  gateway::net::OwnListeners own_listeners;
  gateway::origin::OriginPaths paths{stage.loop, resolver, nullptr, &own_listeners};
  gateway::origin::Trail before;  // what the request has been through already
  gateway::origin::OriginPaths* means = &paths;
  std::unique_ptr<ConnectOutcome> outcome = std::make_unique<ConnectOutcome>();
};

// An origin that speaks TLS, and the context that trusts it.
class TlsOrigin {
 public:
  explicit TlsOrigin(const std::string& name = "origin.example")
      : certificate_(certificates_.add({.name = "origin", .alternative_names = "DNS:" + name})) {
    auto made = gateway::net::tls::make_server_context(certificate_);
    REQUIRE(made.has_value());
    context_ = std::move(*made);
  }
  gateway::net::tls::SslContextPtr trusting(
      gateway::net::tls::OriginSessions* sessions = nullptr) const {
    auto made = gateway::net::tls::make_origin_context(
        {.verify = true, .ca_file = certificates_.ca_file(), .sessions = sessions});
    REQUIRE(made.has_value());
    return std::move(*made);
  }
  // The origin's end of a connection.
  std::unique_ptr<gateway::net::tls::TlsStream> serve(LoopStage& stage, gateway::net::UniqueFd fd,
                                                      Recorder& told) const {
    auto made = std::make_unique<gateway::net::tls::TlsStream>(
        stage.loop,
        std::make_unique<gateway::net::TcpStream>(stage.loop, non_blocking(std::move(fd))),
        tls_.new_connection(), gateway::net::tls::TlsStream::Role::server, nullptr);
    made->start(told);
    return made;
  }

 private:
  Certificates certificates_;
  gateway::net::tls::Certificate certificate_;
  gateway::net::tls::SslContextPtr context_;
  gateway::net::tls::TicketKeys keys_;
  gateway::net::tls::ListenerContext tls_{keys_, [this](std::string_view) {
                                            return gateway::net::tls::ListenerContext::Choice{
                                                .context = context_.get(),
                                                .domain = "origin.example"};
                                          }};
};

}  // namespace tests
