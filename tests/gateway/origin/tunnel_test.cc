#include "gateway/origin/tunnel.h"

#include <string>

#include <doctest/doctest.h>

#include "tests/gateway/origin/connect_scene.h"
#include "tests/support/handshakes.h"

using namespace tests;
using namespace gateway::origin;
using gateway::outcome::Cause;
using gateway::outcome::Retry;

namespace {

constexpr std::string_view kEstablished = "HTTP/1.1 200 Connection established\r\n\r\n";
constexpr std::string_view kBasic = "Basic YWxpY2U6c2VjcmV0";  // alice:secret

// A forward proxy in the test's hand, on the way to origin.example:8080.
struct ProxyScene : ConnectScene {
  ProxyScene() {
    config.origin.connect_timeout = 5s;
    config.origin.io_timeout = 5s;
    config.origin.forward_proxy.emplace();
    config.origin.forward_proxy->host = "127.0.0.1";
    config.origin.forward_proxy->port = listener.address().port();
  }
  void use_credentials(bool basic = true) {
    auto& credentials = config.origin.forward_proxy->credentials.emplace();
    credentials.username = "alice";
    credentials.password = "secret";
    credentials.basic = basic;
  }
  // The proxy's end, when its request has come.
  RawPeer asked() {
    RawPeer peer = accepted(listener);
    REQUIRE(has(peer, "\r\n\r\n"));
    return peer;
  }
  // Begins, and gives the proxy's end.
  RawPeer ask(bool tls = false) {
    connect("origin.example", 8080, tls);
    return asked();
  }

  RawListener listener;
};

void check_refused(const ProxyScene& scene, int status = 502) {
  CHECK(scene.outcome->failures == 1);
  CHECK(scene.outcome->failure.cause == Cause::proxy_connect);
  CHECK(scene.outcome->failure.status == status);
}

}  // namespace

TEST_CASE("tunnel: CONNECT names the origin, and a 2xx is the tunnel") {
  for (const char* answer :
       {"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 299 \r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.0 200 Connection established\r\nVia: 1.0 p\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"}) {
    CAPTURE(answer);
    ProxyScene scene;
    RawPeer proxy = scene.ask();
    CHECK(proxy.received ==
          "CONNECT origin.example:8080 HTTP/1.1\r\nHost: origin.example:8080\r\n\r\n");
    proxy.received.clear();
    proxy.send(answer);
    REQUIRE(scene.finished());
    REQUIRE(scene.outcome->stream != nullptr);
    CHECK(scene.outcome->address == scene.listener.address());
    CHECK(scene.outcome->port == 8080);
    scene.outcome->stream->write(proto::bytes_of("GET / HTTP/1.1\r\n\r\n"));
    CHECK(scene.has(proxy, "GET / HTTP/1.1\r\n\r\n"));
    proxy.send("HTTP/1.1 101");
    CHECK(scene.stage.run_until([&] { return scene.outcome->told.data == "HTTP/1.1 101"; }));
  }
}

TEST_CASE("tunnel: an IPv6 address stands in brackets") {
  CHECK(authority_of("::1", 443) == "[::1]:443");
  CHECK(authority_of("[::1]", 443) == "[::1]:443");
  CHECK(authority_of("10.0.0.1", 80) == "10.0.0.1:80");
}

TEST_CASE("tunnel: no_proxy goes to the origin itself") {
  const RawListener origin;
  ProxyScene scene;
  scene.config.origin.forward_proxy->no_proxy_names = {"localhost"};
  scene.connect("localhost", origin.address().port());
  REQUIRE(scene.finished());
  CHECK(scene.outcome->stream != nullptr);
  CHECK(scene.outcome->address == origin.address());
  CHECK_FALSE(readable(scene.listener.fd()));
}

TEST_CASE("tunnel: a loopback address is no exception by itself") {
  ProxyScene scene;
  scene.connect("127.0.0.1", 8080);
  const RawPeer proxy = scene.asked();
  CHECK(proxy.received.find("CONNECT 127.0.0.1:8080 HTTP/1.1\r\n") == 0);
}

TEST_CASE("tunnel: bytes behind the 2xx belong to the tunnel, in every cut") {
  const std::string answer = std::string(kEstablished) + "hello";
  for (size_t cut = 0; cut <= answer.size(); ++cut) {
    CAPTURE(cut);
    ProxyScene scene;
    RawPeer proxy = scene.ask();
    proxy.send(answer.substr(0, cut));
    scene.stage.settle();
    proxy.send(answer.substr(cut) + ", world");
    REQUIRE(scene.finished());
    proxy.shut();
    REQUIRE(scene.stage.run_until([&] { return scene.outcome->told.ends == 1; }));
    CHECK(scene.outcome->told.data == "hello, world");
  }
}

TEST_CASE("tunnel: TLS goes through it, and what comes in clear inside is no TLS") {
  const TlsOrigin origin;
  {
    ProxyScene scene;
    scene.pool.tls = origin.trusting();
    RawPeer proxy = scene.ask(true);
    proxy.send(kEstablished);
    REQUIRE(scene.has(proxy, "\x16\x03"));
    Recorder told;
    // What was read of the ClientHello is given to the origin by hand.
    Connection between = make_connection();
    between.peer.send(proxy.received.substr(proxy.received.find("\r\n\r\n") + 4));
    const auto far = origin.serve(scene.stage, std::move(between.ours), told);
    REQUIRE(scene.stage.run_until([&] {
      between.peer.read();
      proxy.send(std::exchange(between.peer.received, {}));
      proxy.received.clear();
      proxy.read();
      between.peer.send(proxy.received);
      return scene.outcome->done();
    }));
    CHECK(scene.outcome->stream != nullptr);
  }
  {
    ProxyScene scene;
    scene.pool.tls = origin.trusting();
    RawPeer proxy = scene.ask(true);
    proxy.send(std::string(kEstablished) + "HTTP/1.1 101 Switching Protocols\r\n\r\n");
    REQUIRE(scene.finished());
    CHECK(scene.outcome->failure.cause == Cause::origin_tls);
    CHECK(scene.outcome->failure.why ==
          "no TLS connection to the origin: the origin does not speak TLS on this port");
  }
}

TEST_CASE("tunnel: the PROXY header goes inside, before anything else") {
  ProxyScene scene;
  scene.config.origin.proxy_protocol = gateway::config::Origin::ProxyProtocol::v1;
  RawPeer proxy = scene.ask();
  CHECK(proxy.received.find("CONNECT ") == 0);
  proxy.received.clear();
  proxy.send(kEstablished);
  REQUIRE(scene.has(proxy, "PROXY UNKNOWN\r\n"));
}

TEST_CASE("tunnel: a challenge is answered on a new connection, and the answer is remembered") {
  ProxyScene scene;
  scene.use_credentials();
  RawPeer first = scene.ask();
  CHECK(field_of(first.received, "Proxy-Authorization").empty());
  first.send(
      "HTTP/1.1 407 Proxy Authentication Required\r\n"
      "Proxy-Authenticate: Basic realm=\"p\"\r\nContent-Length: 100000\r\n\r\nbody");
  RawPeer second = scene.asked();
  CHECK(field_of(second.received, "Proxy-Authorization") == kBasic);
  CHECK(scene.has_ended(first));
  second.received.clear();
  second.send(kEstablished);
  REQUIRE(scene.finished());
  CHECK(scene.outcome->trail.misses.empty());
  // Nothing of it inside the tunnel.
  scene.outcome->stream->write(proto::bytes_of("GET / HTTP/1.1\r\n\r\n"));
  REQUIRE(scene.has(second, "\r\n\r\n"));
  CHECK(second.received == "GET / HTTP/1.1\r\n\r\n");

  scene.again(8080);
  const RawPeer later = scene.asked();
  CHECK(field_of(later.received, "Proxy-Authorization") == kBasic);
}

TEST_CASE("tunnel: Digest binds its answer to CONNECT and the origin") {
  ProxyScene scene;
  scene.use_credentials(false);
  RawPeer first = scene.ask();
  first.send(
      "HTTP/1.1 407 Proxy Authentication Required\r\n"
      "Proxy-Authenticate: Basic realm=\"p\"\r\n"
      "Proxy-Authenticate: Digest realm=\"p\", nonce=\"abc\", qop=\"auth\"\r\n\r\n");
  RawPeer second = scene.asked();
  const std::string answer = field_of(second.received, "Proxy-Authorization");
  CHECK(answer.find("Digest ") == 0);
  CHECK(answer.find("uri=\"origin.example:8080\"") != std::string::npos);
  second.send(kEstablished);
  REQUIRE(scene.finished());
  CHECK(scene.outcome->stream != nullptr);
}

TEST_CASE("tunnel: credentials that are refused are not tried again") {
  // tinyproxy says 401 to wrong ones.
  for (const char* refusal :
       {"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"p\"\r\n\r\n",
        "HTTP/1.1 407 Again\r\nProxy-Authenticate: Basic realm=\"p\"\r\n\r\n"}) {
    CAPTURE(refusal);
    ProxyScene scene;
    scene.use_credentials();
    scene.config.origin.http_ports = {8080, 8081};
    RawPeer first = scene.ask();
    first.send("HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"p\"\r\n\r\n");
    RawPeer second = scene.asked();
    second.send(refusal);
    REQUIRE(scene.finished());
    check_refused(scene);
    CHECK(scene.outcome->failure.why == "the forward proxy does not accept our credentials");
    CHECK(scene.outcome->failure.detail.find("secret") == std::string::npos);
    CHECK(scene.outcome->failure.retry == Retry::no);
    CHECK_FALSE(readable(scene.listener.fd(), 20));
  }
}

TEST_CASE("tunnel: a challenge without credentials, or for another realm, is a failure") {
  for (const bool configured : {false, true}) {
    CAPTURE(configured);
    ProxyScene scene;
    if (configured) {
      scene.use_credentials();
      scene.config.origin.forward_proxy->credentials->realm = "other";
    }
    RawPeer proxy = scene.ask();
    proxy.send("HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"p\"\r\n\r\n");
    REQUIRE(scene.finished());
    check_refused(scene);
    CHECK(scene.outcome->failure.why == "the forward proxy asks for credentials");
  }
}

TEST_CASE("tunnel: a proxy that challenges for ever is given up") {
  ProxyScene scene;
  scene.use_credentials();
  RawPeer proxy = scene.ask();
  int challenges = 0;
  while (!scene.outcome->done() && challenges < 10) {
    proxy.send("HTTP/1.1 407 No\r\nProxy-Authenticate: Digest realm=\"p\", nonce=\"n" +
               std::to_string(++challenges) + "\", qop=\"auth\", stale=true\r\n\r\n");
    REQUIRE(scene.stage.run_until(
        [&] { return scene.outcome->done() || readable(scene.listener.fd()); }));
    if (!scene.outcome->done()) proxy = scene.asked();
  }
  check_refused(scene);
  CHECK(challenges < 6);
}

TEST_CASE("tunnel: any other answer is 502, with its status in the log") {
  for (const char* status : {"101", "301", "400", "403", "500", "503"}) {
    CAPTURE(status);
    ProxyScene scene;
    RawPeer proxy = scene.ask();
    proxy.send("HTTP/1.1 " + std::string(status) + " Whatever\r\nContent-Length: 3\r\n\r\nabc");
    REQUIRE(scene.finished());
    check_refused(scene);
    CHECK(scene.outcome->failure.why == "the forward proxy gives no tunnel to the origin");
    CHECK(scene.outcome->failure.detail.find(": " + std::string(status)) != std::string::npos);
    CHECK(scene.outcome->failure.retry == Retry::elsewhere);
  }
}

TEST_CASE("FX7 tunnel: a proxy's status is its answer, whether its body ends or not") {
  for (const char* rest : {"\r\nhalf", "Content-Length: 9\r\n\r\nhalf",
                           "Transfer-Encoding: chunked\r\n\r\n9\r\nhalf"}) {
    CAPTURE(rest);
    ProxyScene scene;
    scene.use_credentials();
    RawPeer first = scene.ask();
    first.send("HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"p\"\r\n" + std::string(rest));
    RawPeer second = scene.asked();
    CHECK(field_of(second.received, "Proxy-Authorization") == kBasic);
    second.send("HTTP/1.1 403 No\r\n" + std::string(rest));
    REQUIRE(scene.finished());
    check_refused(scene);
    CHECK(scene.outcome->failure.why == "the forward proxy gives no tunnel to the origin");
    CHECK(scene.outcome->failure.detail.find(": 403") != std::string::npos);
  }
}

TEST_CASE("tunnel: a refused port candidate is followed by the next") {
  ProxyScene scene;
  scene.config.origin.http_ports = {8080, 8081};
  RawPeer first = scene.ask();
  first.send("HTTP/1.1 503 No\r\n\r\n");
  RawPeer second = scene.asked();
  CHECK(second.received.find("CONNECT origin.example:8081 ") == 0);
  second.send(kEstablished);
  REQUIRE(scene.finished());
  CHECK(scene.outcome->port == 8081);
  CHECK(scene.server.backend->http_port == 1);
}

TEST_CASE("tunnel: what the proxy says is bounded and judged") {
  struct Hostile {
    const char* name;
    std::string text;
    bool closes;
  };
  const Hostile hostile[] = {
      {"garbage", "\x01\x02\x03 what?\r\n\r\n", false},
      {"a status alone", "200 OK\r\n\r\n", false},
      {"10 KiB of head", "HTTP/1.1 200 OK\r\nX: " + std::string(10'240, 'x') + "\r\n\r\n", false},
      {"a head without end", "HTTP/1.1 200 OK\r\n" + std::string(9'000, 'x'), false},
      {"interim answers for ever",
       [] {
         std::string many;
         for (int i = 0; i < 20; ++i) many += "HTTP/1.1 102 Processing\r\n\r\n";
         return many;
       }(),
       false},
      {"nothing", "", true},
      {"half a head", "HTTP/1.1 200 OK\r\n", true},
  };
  for (const Hostile& one : hostile) {
    CAPTURE(one.name);
    ProxyScene scene;
    RawPeer proxy = scene.ask();
    proxy.send(one.text);
    if (one.closes) proxy.close();
    REQUIRE(scene.finished());
    check_refused(scene);
  }
}

TEST_CASE("tunnel: a reset by the proxy is 502") {
  ProxyScene scene;
  RawPeer proxy = scene.ask();
  proxy.reset();
  REQUIRE(scene.finished());
  check_refused(scene);
}

TEST_CASE("tunnel: a proxy that never answers, or drips, is 504 in time") {
  for (const bool drips : {false, true}) {
    CAPTURE(drips);
    ProxyScene scene;
    scene.config.origin.io_timeout = 200ms;
    RawPeer proxy = scene.ask();
    size_t sent = 0;
    const auto began = scene.stage.loop.now();
    REQUIRE(scene.stage.run_until([&] {
      if (drips && sent < kEstablished.size() - 1) sent += proxy.send(kEstablished.substr(sent, 1));
      return scene.outcome->done() || scene.stage.loop.now() - began > 5s;
    }));
    check_refused(scene, 504);
    CHECK(scene.outcome->failure.why == "the forward proxy did not answer in time");
  }
}

TEST_CASE("tunnel: a proxy that refuses, or whose name is unknown, is 502") {
  ProxyScene scene;
  scene.config.origin.forward_proxy->port = ConnectScene::closed_port();
  scene.connect("origin.example", 80);
  REQUIRE(scene.finished());
  check_refused(scene);
  CHECK(scene.outcome->failure.why == "the forward proxy refuses connections");

  scene.config.origin.forward_proxy->host = std::string(254, 'a');
  scene.again(80);
  REQUIRE(scene.finished());
  check_refused(scene);
  CHECK(scene.outcome->failure.why == "the forward proxy's name cannot be resolved");
}

TEST_CASE("tunnel: a request that has been through the proxy has no other address to try") {
  ProxyScene scene;
  scene.before.tried = {*gateway::net::Address::parse("10.0.0.1", 3128)};
  scene.connect("origin.example", 80);
  REQUIRE(scene.finished());
  CHECK(scene.outcome->failure.retry == Retry::next_only);
}
