#include "gateway/origin/connector.h"

#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "proto/proxy_header/encoder.h"
#include "tests/gateway/origin/connect_scene.h"

using namespace tests;
using namespace gateway::origin;
using gateway::outcome::Cause;
using gateway::outcome::Retry;

namespace {

using proto::proxy_header::Addresses;
using proto::proxy_header::Version;

Addresses client_addresses() {
  auto source = *proto::proxy_header::parse_ipv4("203.0.113.7");
  source.port = 51234;
  auto destination = *proto::proxy_header::parse_ipv4("192.0.2.1");
  destination.port = 443;
  return {.source = source, .destination = destination};
}

}  // namespace

TEST_CASE("connector: connects to an address and to a name") {
  for (const char* host : {"127.0.0.1", "localhost"}) {
    CAPTURE(host);
    const RawListener listener;
    ConnectScene scene;
    scene.config.origin.connect_timeout = 5s;
    scene.connect(host, listener.address().port());
    CHECK_FALSE(scene.outcome->done());
    REQUIRE(scene.finished());
    REQUIRE(scene.outcome->stream != nullptr);
    CHECK(scene.outcome->address == listener.address());
    CHECK_FALSE(scene.outcome->warm);
  }
}

TEST_CASE("connector: a refusal is 502 and names no address of the inside to the client") {
  const uint16_t closed = ConnectScene::closed_port();
  ConnectScene scene;
  scene.connect("127.0.0.1", closed);
  REQUIRE(scene.finished());
  CHECK(scene.outcome->failures == 1);
  CHECK(scene.outcome->failure.cause == Cause::origin_connect);
  CHECK(scene.outcome->failure.status == 502);
  CHECK(scene.outcome->failure.why == "the origin refuses connections");
  CHECK(scene.outcome->failure.detail ==
        "127.0.0.1:" + std::to_string(closed) + ": connection refused");
  CHECK(scene.outcome->failure.retry == Retry::elsewhere);
}

TEST_CASE("connector: a name that nobody knows is 502") {
  ConnectScene scene;
  scene.config.origin.connect_timeout = 9s;
  scene.connect(std::string(254, 'a'), 80);
  REQUIRE(scene.finished());
  CHECK(scene.outcome->failure.cause == Cause::origin_resolve);
  CHECK(scene.outcome->failure.status == 502);
}

TEST_CASE("connector: an address that was tried is left out, whatever its port") {
  const RawListener listener;
  ConnectScene scene;
  scene.before.tried = {*gateway::net::Address::parse("127.0.0.1", 1)};
  scene.connect("127.0.0.1", listener.address().port(), false, "");
  CHECK_FALSE(scene.outcome->done());
  REQUIRE(scene.finished());
  CHECK(scene.outcome->failure.retry == Retry::next_only);
  CHECK_FALSE(readable(listener.fd(), 20));
}

TEST_CASE("connector: an origin that never begins its TLS handshake is 504") {
  const RawListener listener;
  const TlsOrigin origin;
  ConnectScene scene;
  scene.pool.tls = origin.trusting();
  scene.connect("127.0.0.1", listener.address().port(), true);
  REQUIRE(scene.finished());
  CHECK(scene.outcome->failure.cause == Cause::origin_timeout);
  CHECK(scene.outcome->failure.status == 504);
}

TEST_CASE("connector: an origin that answers in clear where TLS is due is 502") {
  const RawListener listener;
  const TlsOrigin origin;
  ConnectScene scene;
  scene.config.origin.io_timeout = 9s;
  scene.pool.tls = origin.trusting();
  scene.connect("127.0.0.1", listener.address().port(), true);
  RawPeer peer = scene.accepted(listener);
  peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
  REQUIRE(scene.finished());
  CHECK(scene.outcome->failure.cause == Cause::origin_tls);
  CHECK(scene.outcome->failure.status == 502);
  CHECK(scene.outcome->failure.why ==
        "no TLS connection to the origin: the origin does not speak TLS on this port");
}

TEST_CASE("connector: TLS with a certificate of the right name") {
  const TlsOrigin origin;
  for (const bool right : {true, false}) {
    CAPTURE(right);
    const RawListener listener;
    ConnectScene scene;
    scene.config.origin.io_timeout = 9s;
    scene.pool.tls = origin.trusting();
    scene.connect("127.0.0.1", listener.address().port(), true,
                  right ? "origin.example" : "wrong.example");
    Recorder told;
    REQUIRE(scene.stage.run_until([&] { return readable(listener.fd()); }));
    const auto far = origin.serve(scene.stage, listener.accept(), told);
    REQUIRE(scene.finished());
    CHECK((scene.outcome->stream != nullptr) == right);
    if (right) continue;
    CHECK(scene.outcome->failure.cause == Cause::origin_tls);
    CHECK(scene.outcome->failure.why.find("no TLS connection to the origin: ") == 0);
  }
}

TEST_CASE("connector: the first port candidate that answers is taken and remembered") {
  const uint16_t closed = ConnectScene::closed_port();
  const RawListener listener;
  const uint16_t open = listener.address().port();
  ConnectScene scene;
  scene.config.origin.http_ports = {closed, open};
  scene.connect("127.0.0.1", closed);
  REQUIRE(scene.finished());
  REQUIRE(scene.outcome->stream != nullptr);
  CHECK(scene.outcome->port == open);
  CHECK(scene.outcome->trail.misses.size() == 1);
  CHECK(scene.server.backend->http_port == 1);
  CHECK(scene.server.backend->https_port == 0);

  scene.again(closed);
  REQUIRE(scene.finished());
  CHECK(scene.outcome->port == open);
  CHECK(scene.outcome->trail.misses.empty());
}

TEST_CASE("connector: all candidates that refuse are named in the log, none to the client") {
  ConnectScene scene;
  const uint16_t first = ConnectScene::closed_port();
  scene.config.origin.http_ports = {first, static_cast<uint16_t>(first == 1 ? 2 : 1)};
  scene.connect("127.0.0.1", first);
  REQUIRE(scene.finished());
  CHECK(scene.outcome->failure.status == 502);
  CHECK(scene.outcome->failure.why == "the origin refuses connections");
  CHECK(scene.outcome->failure.detail.find(":" + std::to_string(first) + ": ") !=
        std::string::npos);
  CHECK(scene.outcome->failure.detail.find("; 127.0.0.1:1: ") != std::string::npos);
}

TEST_CASE("connector: a server that names its port has no other candidates") {
  const uint16_t closed = ConnectScene::closed_port();
  const RawListener listener;
  ConnectScene scene;
  scene.server.port = closed;
  scene.config.origin.http_ports = {80, listener.address().port()};
  scene.connect("127.0.0.1", closed);
  REQUIRE(scene.finished());
  CHECK(scene.outcome->failures == 1);
}

TEST_CASE("connector: the PROXY header is the first thing on a connection") {
  for (const auto protocol :
       {gateway::config::Origin::ProxyProtocol::v1, gateway::config::Origin::ProxyProtocol::v2}) {
    const bool v1 = protocol == gateway::config::Origin::ProxyProtocol::v1;
    const Version version = v1 ? Version::v1 : Version::v2;
    CAPTURE(v1);
    const RawListener listener;
    ConnectScene scene;
    scene.config.origin.proxy_protocol = protocol;
    scene.connect("127.0.0.1", listener.address().port(), false, "",
                  [](Connector::Plan& plan) { plan.client = client_addresses(); });
    RawPeer peer = scene.accepted(listener);
    REQUIRE(scene.finished());
    scene.outcome->stream->write(proto::bytes_of("GET / HTTP/1.1\r\n"));
    const std::string header = proto::proxy_header::write_header(version, client_addresses());
    REQUIRE(scene.has(peer, "HTTP/1.1\r\n"));
    CHECK(peer.received == header + "GET / HTTP/1.1\r\n");

    // A connection of our own, as a health check is.
    scene.again(listener.address().port());
    RawPeer own = scene.accepted(listener);
    const std::string local = proto::proxy_header::write_local(version);
    REQUIRE(scene.has(own, local));
  }
}

TEST_CASE("connector: the PROXY header comes before TLS") {
  const RawListener listener;
  const TlsOrigin origin;
  ConnectScene scene;
  scene.config.origin.proxy_protocol = gateway::config::Origin::ProxyProtocol::v1;
  scene.pool.tls = origin.trusting();
  scene.connect("127.0.0.1", listener.address().port(), true, "origin.example",
                [](Connector::Plan& plan) { plan.client = client_addresses(); });
  RawPeer peer = scene.accepted(listener);
  const std::string header = proto::proxy_header::write_header(Version::v1, client_addresses());
  REQUIRE(scene.has(peer, header + "\x16\x03"));
  CHECK(peer.received.find(header) == 0);
}

TEST_CASE("connector: connects from a source address") {
  const RawListener listener;
  ConnectScene scene;
  scene.config.origin.source = {"127.0.0.2"};
  scene.connect("127.0.0.1", listener.address().port());
  const RawPeer peer = scene.accepted(listener);
  REQUIRE(scene.finished());
  CHECK(gateway::net::Address::peer_of(peer.fd())->host() == "127.0.0.2");
}

TEST_CASE("connector: a source that is not this machine's is named, and no lack of ports") {
  const RawListener listener;
  ConnectScene scene;
  scene.config.origin.source = {"192.0.2.77"};  // of no machine
  scene.connect("127.0.0.1", listener.address().port());
  REQUIRE(scene.finished());
  CHECK(scene.outcome->failure.cause == Cause::overload);
  CHECK(scene.outcome->failure.status == 503);
  CHECK(scene.outcome->failure.why == "no address of ours is there to connect from");
  CHECK(scene.outcome->failure.detail ==
        listener.address().to_string() + ": origin.source is not this machine's: 192.0.2.77");
  CHECK(scene.paths.figures().no_local_port.value() == 0);
}

TEST_CASE("connector: destroying it gives up in silence") {
  const RawListener listener;
  for (const bool begun : {false, true}) {
    ConnectScene scene;
    scene.connect("localhost", listener.address().port());
    if (begun) scene.stage.loop.turn();
    scene.outcome->connector.reset();
    scene.stage.settle();
    CHECK_FALSE(scene.outcome->done());
  }
}
