// Where an upgrade follows a redirect to, and who is trusted and held to account there.
#include <optional>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/upgrade_scene.h"

using namespace tests;
using namespace std::chrono_literals;
using gateway::outcome::Cause;
using gateway::route::Backend;

namespace {

gateway::config::OriginAuth basic() {
  gateway::config::OriginAuth auth;
  auth.credentials.username = "user";
  auth.credentials.password = "secret";
  auth.allow_basic_plaintext = true;
  return auth;
}

constexpr std::string_view kChallenge =
    "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"origin\"\r\n"
    "Content-Length: 0\r\n\r\n";

// One server without a port of its own; it listens at two that are configured for http.
struct TwoPorts {
  TwoPorts() {
    scene.server.port.reset();
    scene.config.origin.http_ports = {scene.origin.address().port(), second->address().port()};
    scene.config.origin.retries.budget_percent = 100;
  }
  Backend& backend() { return scene.backend_of(0); }
  // Asks, and is led to the second port of the own host.
  void go_to_second() {
    RawPeer first = scene.ask();
    first.send(redirect_to("http://chat.example.com:" + port + "/there"));
  }
  std::optional<RawListener> second = std::make_optional<RawListener>();
  std::string port = port_of(*second);
  UpgradeScene scene;
};

}  // namespace

TEST_CASE("FX21 upgrade: the own host at a port that no server has is the client's business") {
  const RawListener secret;
  for (const std::string& location :
       {"http://chat.example.com:" + port_of(secret) + "/metrics",
        "ws://CHAT.example.com:" + port_of(secret) + "/", "//chat.example.com:" + port_of(secret),
        "https://chat.example.com:" + port_of(secret) + "/"}) {
    CAPTURE(location);
    UpgradeScene scene;
    scene.config.origin.auth = basic();
    RawPeer peer = scene.ask();
    peer.send(redirect_to(location));
    REQUIRE(scene.finished());
    CHECK(scene.refused.status == 302);
    CHECK(field_of(scene.refused.response, "Location") == location);
    CHECK_FALSE(readable(secret.fd()));
    CHECK(scene.backend_of(0).failures_in_a_row == 0);
  }
}

TEST_CASE("FX21 upgrade: neither does the client's own Host open a port by way of http to https") {
  const RawListener secret;
  UpgradeScene scene;
  scene.asked.host = "chat.example.com:" + port_of(secret);
  RawPeer peer = scene.ask();
  const std::string location = "https://" + field_of(peer.received, "Host") + "/chat";
  peer.send(redirect_to(location));
  REQUIRE(scene.finished());
  CHECK(scene.refused.status == 302);
  CHECK_FALSE(readable(secret.fd()));
}

TEST_CASE(
    "FX21 upgrade: a Host with a port of the client's still names the server that was asked") {
  UpgradeScene scene;
  scene.asked.host = "chat.example.com:8080";
  RawPeer first = scene.ask();
  first.send(redirect_to("http://chat.example.com:8080/there"));
  RawPeer second = scene.next(scene.origin);
  CHECK(second.received.starts_with("GET /there HTTP/1.1\r\n"));
  CHECK(field_of(second.received, "Host") == "chat.example.com:8080");
}

TEST_CASE("FX21 upgrade: a server that was reached by its own address opens no other port") {
  const RawListener secret;
  UpgradeScene scene;
  RawPeer first = scene.ask();
  first.send(redirect_to("http://127.0.0.1:" + port_of(scene.origin) + "/by-address"));
  RawPeer second = scene.next(scene.origin);
  second.send(redirect_to("http://127.0.0.1:" + port_of(secret) + "/metrics"));
  REQUIRE(scene.finished());
  CHECK(scene.refused.status == 302);
  CHECK_FALSE(readable(secret.fd()));
}

TEST_CASE("FX21 upgrade: a configured port of the own host is followed, credentials and all") {
  TwoPorts two;
  two.scene.config.origin.auth = basic();
  two.scene.asked.fields = "Cookie: sid=1\r\n";
  two.go_to_second();
  RawPeer there = two.scene.next(*two.second);
  CHECK(there.received.starts_with("GET /there HTTP/1.1\r\n"));
  CHECK(field_of(there.received, "Cookie") == "sid=1");
  there.send(kChallenge);
  RawPeer again = two.scene.next(*two.second);
  CHECK(field_of(again.received, "Authorization") == "Basic dXNlcjpzZWNyZXQ=");
  again.send(switching_answer(again.received));
  REQUIRE(two.scene.finished());
  CHECK(two.scene.upgrades == 1);
}

TEST_CASE("FX21 upgrade: what fails where a redirect leads is held against no server") {
  SUBCASE("it refuses connections") {
    for (int handshake = 0; handshake < 40; ++handshake) {
      TwoPorts two;
      two.second.reset();
      two.go_to_second();
      REQUIRE(two.scene.finished());
      CHECK(two.scene.failure.cause == Cause::origin_connect);
      CHECK(two.backend().failures_in_a_row == 0);
      CHECK(two.backend().failures[static_cast<size_t>(Cause::origin_connect)] == 0);
    }
  }
  SUBCASE("it answers 5xx") {
    TwoPorts two;
    two.go_to_second();
    RawPeer there = two.scene.next(*two.second);
    there.send("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
    REQUIRE(two.scene.finished());
    CHECK(two.scene.refused.status == 503);
    CHECK(two.backend().failures_in_a_row == 0);
  }
  SUBCASE("it answers no HTTP") {
    TwoPorts two;
    two.go_to_second();
    RawPeer there = two.scene.next(*two.second);
    there.send("SSH-2.0-OpenSSH\r\n");
    REQUIRE(two.scene.finished());
    CHECK(two.scene.failure.cause == Cause::origin_bad_upgrade);
    CHECK(two.backend().failures_in_a_row == 0);
  }
  SUBCASE("it is silent") {
    TwoPorts two;
    two.go_to_second();
    const RawPeer there = two.scene.next(*two.second);
    two.scene.stage.loop.wheel().advance(two.scene.stage.loop.now() + 31s);
    REQUIRE(two.scene.finished());
    CHECK(two.scene.failure.cause == Cause::origin_timeout);
    CHECK(two.backend().failures_in_a_row == 0);
  }
}

TEST_CASE("FX21 upgrade: nor do successes there speak for the server, but sessions are its load") {
  TwoPorts two;
  two.go_to_second();
  RawPeer there = two.scene.next(*two.second);
  CHECK(two.backend().attempts == 1);
  two.backend().failures_in_a_row = 2;
  CHECK_FALSE(two.scene.journey->is_at_home());
  there.send(switching_answer(there.received));
  REQUIRE(two.scene.finished());
  CHECK(two.scene.upgrades == 1);
  CHECK(two.scene.backend == &two.backend());
  CHECK(two.backend().failures_in_a_row == 2);
  CHECK(two.backend().smoothed_us == 0);
}

TEST_CASE("FX21 upgrade: a port that another server of the pool has leads to that server") {
  const RawListener second;
  UpgradeScene scene;
  scene.add_server(scene.server);
  gateway::config::Server other = scene.server;
  other.host = "127.0.0.2";
  other.port = 9;  // nobody is there
  other.priority = 30;
  scene.add_server(other);
  RawPeer first = scene.ask();
  first.send(redirect_to("http://chat.example.com:9/there"));
  REQUIRE(scene.finished());
  CHECK(scene.failure.cause == Cause::origin_connect);
  CHECK(scene.failure.detail.find("127.0.0.2:9") != std::string::npos);
}
