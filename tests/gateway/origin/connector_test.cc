#include "gateway/origin/connector.h"

#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/certificates.h"
#include "tests/support/loop_stage.h"

using namespace tests;
using namespace std::chrono_literals;
using namespace gateway::origin;
using gateway::log::Cause;

namespace {

struct Outcome final : Connector::Handler {
  void on_connected(std::unique_ptr<gateway::net::Stream> made,
                    const gateway::net::Address& to) override {
    stream = std::move(made);
    address = to;
    if (connector) connector.reset();
  }
  void on_connect_failed(const Failure& why) override {
    ++failures;
    failure = why;
    connector.reset();
  }
  bool done() const { return stream != nullptr || failures > 0; }

  std::unique_ptr<Connector> connector;
  std::unique_ptr<gateway::net::Stream> stream;
  gateway::net::Address address;
  int failures = 0;
  Failure failure{};
};

struct Scene {
  // A short patience where a test waits for it to end.
  Scene() {
    config.origin.connect_timeout = 200ms;
    config.origin.io_timeout = 200ms;
    domain.config = &config;
  }
  void connect(const std::string& host, uint16_t port, bool tls = false,
               const std::string& name = "origin.example") {
    server.host = host;
    server.address = gateway::net::Address::parse(host, 0);
    outcome.connector =
        std::make_unique<Connector>(stage.loop, resolver,
                                    Connector::Plan{.domain = domain,
                                                    .server = server,
                                                    .target = {.tls = tls, .port = port},
                                                    .tls_name = name},
                                    outcome);
  }
  bool finished() {
    return stage.run_until([&] { return outcome.done(); });
  }

  LoopStage stage;
  gateway::net::Resolver resolver{stage.loop};
  gateway::config::Domain config;
  gateway::route::Domain domain;
  gateway::route::Server server;
  Outcome outcome;
};

}  // namespace

TEST_CASE("connector: connects to an address and to a name") {
  for (const char* host : {"127.0.0.1", "localhost"}) {
    CAPTURE(host);
    const RawListener listener;
    Scene scene;
    scene.config.origin.connect_timeout = 5s;
    scene.connect(host, listener.address().port());
    CHECK_FALSE(scene.outcome.done());
    REQUIRE(scene.finished());
    REQUIRE(scene.outcome.stream != nullptr);
    CHECK(scene.outcome.address == listener.address());
  }
}

TEST_CASE("connector: a refusal is 502 and names no address of the inside to the client") {
  uint16_t closed = 0;
  {
    const RawListener listener;
    closed = listener.address().port();
  }
  Scene scene;
  scene.connect("127.0.0.1", closed);
  REQUIRE(scene.finished());
  CHECK(scene.outcome.failures == 1);
  CHECK(scene.outcome.failure.cause == Cause::origin_connect);
  CHECK(scene.outcome.failure.status == 502);
  CHECK(scene.outcome.failure.why == "the origin refuses connections");
  CHECK(scene.outcome.failure.detail ==
        "127.0.0.1:" + std::to_string(closed) + ": connection refused");
  CHECK(scene.outcome.failure.nothing_asked);
}

TEST_CASE("connector: a name that nobody knows is 502") {
  Scene scene;
  scene.config.origin.connect_timeout = 9s;
  scene.connect(std::string(254, 'a'), 80);
  REQUIRE(scene.finished());
  CHECK(scene.outcome.failure.cause == Cause::origin_resolve);
  CHECK(scene.outcome.failure.status == 502);
}

TEST_CASE("connector: an origin that never begins its TLS handshake is 504") {
  const RawListener listener;
  auto context = gateway::net::make_origin_context({});
  REQUIRE(context.has_value());
  Scene scene;
  scene.domain.origin_tls = std::move(*context);
  scene.connect("127.0.0.1", listener.address().port(), true);
  REQUIRE(scene.finished());
  CHECK(scene.outcome.failure.cause == Cause::origin_timeout);
  CHECK(scene.outcome.failure.status == 504);
}

TEST_CASE("connector: an origin that answers in clear where TLS is due is 502") {
  const RawListener listener;
  auto context = gateway::net::make_origin_context({});
  REQUIRE(context.has_value());
  Scene scene;
  scene.config.origin.io_timeout = 9s;
  scene.domain.origin_tls = std::move(*context);
  scene.connect("127.0.0.1", listener.address().port(), true);
  RawPeer peer(listener.accept());
  peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
  REQUIRE(scene.finished());
  CHECK(scene.outcome.failure.cause == Cause::origin_tls);
  CHECK(scene.outcome.failure.status == 502);
  CHECK(scene.outcome.failure.why ==
        "no TLS connection to the origin: the peer does not speak TLS");
}

TEST_CASE("connector: TLS with a certificate of the right name") {
  Certificates certificates;
  const auto certificate =
      certificates.add({.name = "origin", .alternative_names = "DNS:origin.example"});
  auto server_context = gateway::net::make_server_context(certificate);
  auto client_context =
      gateway::net::make_origin_context({.verify = true, .ca_file = certificates.ca_file()});
  REQUIRE(server_context.has_value());
  REQUIRE(client_context.has_value());
  for (const bool right : {true, false}) {
    CAPTURE(right);
    gateway::net::TicketKeys keys;
    const gateway::net::ListenerTls tls(keys, [&](std::string_view) {
      return gateway::net::ListenerTls::Choice{.context = server_context->get(),
                                               .domain = "origin.example"};
    });
    const RawListener listener;
    Scene scene;
    scene.config.origin.io_timeout = 9s;
    SSL_CTX_up_ref(client_context->get());
    scene.domain.origin_tls = gateway::net::SslContextPtr(client_context->get());
    scene.connect("127.0.0.1", listener.address().port(), true,
                  right ? "origin.example" : "wrong.example");
    gateway::net::TlsStream origin(scene.stage.loop,
                                   std::make_unique<gateway::net::TcpStream>(
                                       scene.stage.loop, non_blocking(listener.accept())),
                                   tls.new_connection(), gateway::net::TlsStream::Role::server,
                                   nullptr);
    Recorder told;
    origin.start(told);
    REQUIRE(scene.finished());
    CHECK((scene.outcome.stream != nullptr) == right);
    if (right) continue;
    CHECK(scene.outcome.failure.cause == Cause::origin_tls);
    CHECK(scene.outcome.failure.why ==
          "no TLS connection to the origin: certificate: hostname mismatch");
  }
}

TEST_CASE("connector: destroying it gives up in silence") {
  const RawListener listener;
  Scene scene;
  scene.connect("localhost", listener.address().port());
  scene.outcome.connector.reset();
  scene.stage.settle();
  CHECK_FALSE(scene.outcome.done());
}
