#include <string>

#include <doctest/doctest.h>

#include "tests/support/upgrade_scene.h"

using namespace tests;
using namespace std::chrono_literals;
using gateway::outcome::Cause;

namespace {

constexpr std::string_view kBasicChallenge =
    "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"origin\"\r\n"
    "Content-Length: 0\r\n\r\n";

gateway::config::OriginAuth some_auth() {
  gateway::config::OriginAuth auth;
  auth.credentials.username = "user";
  auth.credentials.password = "secret";
  auth.allow_basic_plaintext = true;
  return auth;
}

}  // namespace

TEST_CASE("upgrade: refused, 503, good: the third server gives the 101") {
  UpgradeScene scene;
  RawListener second;
  RawListener third;
  // In the order of priorities.
  scene.server.port = UpgradeScene::closed_port();
  scene.add_server(second.address().port());
  scene.add_server(third.address().port());
  for (uint32_t i = 0; i < 3; ++i) scene.config.origin.servers[i].priority = 20 + i;
  scene.config.origin.retries.budget_percent = 100;
  scene.begin();
  RawPeer peer = scene.next(second);
  peer.send(kUnavailable);
  RawPeer last = scene.next(third);
  last.send(switching_answer(last.received));
  REQUIRE(scene.finished());
  CHECK(scene.upgrades == 1);
  CHECK(scene.address.port() == third.address().port());
  CHECK(scene.retries == 2);
  CHECK(scene.setbacks.find("503") != std::string::npos);
}

TEST_CASE("upgrade: the last error wins, and a 5xx that is the last one is the client's") {
  UpgradeScene scene;
  scene.config.origin.retries.budget_percent = 100;
  RawListener second;
  scene.add_server(second.address().port());
  scene.config.origin.servers[1].priority = 30;
  scene.begin();
  RawPeer first = scene.next(scene.origin);
  first.send(kUnavailable);
  RawPeer last = scene.next(second);
  last.send("HTTP/1.1 500 Broken\r\nContent-Length: 4\r\n\r\nsad\n");
  REQUIRE(scene.finished());
  CHECK(scene.refusals == 1);
  CHECK(scene.refused.status == 500);
  CHECK(scene.refused.response.find("sad\n") != std::string::npos);
}

TEST_CASE("upgrade: without a budget there is no retry") {
  UpgradeScene scene;
  scene.config.origin.retries.budget_percent = 0;
  RawListener second;
  scene.add_server(second.address().port());
  scene.config.origin.servers[1].priority = 30;
  RawPeer first = scene.ask();
  first.send(kUnavailable);
  REQUIRE(scene.finished());
  CHECK(scene.refused.status == 503);
  CHECK(scene.retries == 0);
}

TEST_CASE("upgrade: a connection that is lost without an answer is retried elsewhere") {
  UpgradeScene scene;
  scene.config.origin.retries.budget_percent = 100;
  RawListener second;
  scene.add_server(second.address().port());
  scene.config.origin.servers[1].priority = 30;
  { const RawPeer first = scene.ask(); }
  RawPeer last = scene.next(second);
  last.send(switching_answer(last.received));
  REQUIRE(scene.finished());
  CHECK(scene.upgrades == 1);
  CHECK(scene.retries == 1);
}

TEST_CASE("upgrade: a name with one address gives its 5xx once, and to the client") {
  UpgradeScene scene;
  scene.config.origin.retries.budget_percent = 100;
  scene.server.host = "localhost";
  RawPeer peer = scene.ask();
  peer.send(kUnavailable);
  // IPv6's localhost is another address, where nobody listens.
  REQUIRE(scene.finished());
  CHECK(scene.refusals + scene.failures == 1);
  if (scene.refusals == 1) CHECK(scene.refused.status == 503);
}

TEST_CASE("upgrade: all servers down is 502 at once") {
  UpgradeScene scene;
  scene.backend_of(0).up = false;
  scene.begin();
  CHECK(scene.failures == 1);
  CHECK(scene.failure.status == 502);
  CHECK(scene.failure.cause == Cause::origin_down);
}

TEST_CASE("upgrade: redirects of the own host are followed, with the query they name") {
  UpgradeScene scene;
  RawPeer first = scene.ask();
  first.send(redirect_to("/elsewhere?x=1"));
  RawPeer second = scene.next(scene.origin);
  CHECK(second.received.starts_with("GET /elsewhere?x=1 HTTP/1.1\r\n"));
  CHECK(field_of(second.received, "Host") == "chat.example.com");
  CHECK(field_of(second.received, "Sec-WebSocket-Key") !=
        field_of(first.received, "Sec-WebSocket-Key"));
  second.send(redirect_to("ws://chat.example.com/third", 308));
  RawPeer third = scene.next(scene.origin);
  CHECK(third.received.starts_with("GET /third HTTP/1.1\r\n"));
  third.send(switching_answer(third.received));
  REQUIRE(scene.finished());
  CHECK(scene.upgrades == 1);
}

TEST_CASE("upgrade: twenty redirects are followed, the next one and circles are 502") {
  UpgradeScene scene;
  RawPeer peer = scene.ask();
  for (int i = 1; i <= 20; ++i) {
    peer.send(redirect_to("/" + std::to_string(i)));
    peer = scene.next(scene.origin);
  }
  peer.send(redirect_to("/21"));
  REQUIRE(scene.finished());
  CHECK(scene.failure.cause == Cause::origin_redirect);
  CHECK(scene.failure.status == 502);

  UpgradeScene circle;
  RawPeer again = circle.ask();
  again.send(redirect_to("/chat"));
  REQUIRE(circle.finished());
  CHECK(circle.failure.cause == Cause::origin_redirect);
}

TEST_CASE("upgrade: a redirect to somebody else is the client's; without any it is 502") {
  UpgradeScene scene;
  RawPeer peer = scene.ask();
  peer.send(redirect_to("https://login.example.net/start"));
  REQUIRE(scene.finished());
  CHECK(scene.refused.status == 302);
  CHECK(field_of(scene.refused.response, "Location") == "https://login.example.net/start");

  for (const std::string_view answer :
       {"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 301 Moved\r\nLocation: gopher://x/\r\nContent-Length: 0\r\n\r\n"}) {
    UpgradeScene bad;
    RawPeer origin = bad.ask();
    origin.send(answer);
    REQUIRE(bad.finished());
    CHECK(bad.failure.cause == Cause::origin_redirect);
  }

  UpgradeScene off;
  off.config.origin.max_redirects = 0;
  RawPeer origin = off.ask();
  origin.send(redirect_to("/elsewhere"));
  REQUIRE(off.finished());
  CHECK(off.refused.status == 302);
}

TEST_CASE("upgrade: a listed host is asked itself, and gets no credentials of another") {
  UpgradeScene scene;
  RawListener other;
  scene.config.origin.redirect_hosts = {"127.0.0.1"};
  scene.asked.fields = "Cookie: sid=1\r\nAuthorization: Bearer t\r\n";
  RawPeer first = scene.ask();
  CHECK(field_of(first.received, "Cookie") == "sid=1");
  const std::string port = std::to_string(other.address().port());
  first.send(redirect_to("http://127.0.0.1:" + port + "/ws"));
  RawPeer second = scene.next(other);
  CHECK(field_of(second.received, "Host") == "127.0.0.1:" + port);
  CHECK(field_of(second.received, "Cookie").empty());
  CHECK(field_of(second.received, "Authorization").empty());
  second.send(switching_answer(second.received));
  REQUIRE(scene.finished());
  CHECK(scene.upgrades == 1);
}

TEST_CASE("upgrade: a 401 is answered with our credentials, the next request needs none") {
  UpgradeScene scene;
  scene.config.origin.auth = some_auth();
  RawPeer first = scene.ask();
  CHECK(field_of(first.received, "Authorization").empty());
  first.send(kBasicChallenge);
  RawPeer second = scene.next(scene.origin);
  CHECK(field_of(second.received, "Authorization") == "Basic dXNlcjpzZWNyZXQ=");
  second.send(switching_answer(second.received));
  REQUIRE(scene.finished());
  CHECK(scene.upgrades == 1);

  RawPeer third = scene.ask();
  CHECK(field_of(third.received, "Authorization") == "Basic dXNlcjpzZWNyZXQ=");
}

TEST_CASE("upgrade: a second 401 is 502, and its challenge is not shown") {
  UpgradeScene scene;
  scene.config.origin.auth = some_auth();
  RawPeer first = scene.ask();
  first.send(kBasicChallenge);
  RawPeer second = scene.next(scene.origin);
  second.send(kBasicChallenge);
  REQUIRE(scene.finished());
  CHECK(scene.failure.cause == Cause::origin_auth);
  CHECK(scene.failure.status == 502);
}

TEST_CASE("upgrade: without credentials of ours the client's own pass, and so does the 401") {
  UpgradeScene scene;
  scene.asked.fields = "Authorization: Basic Y2xpZW50OnB3\r\n";
  RawPeer peer = scene.ask();
  CHECK(field_of(peer.received, "Authorization") == "Basic Y2xpZW50OnB3");
  peer.send(kBasicChallenge);
  REQUIRE(scene.finished());
  CHECK(scene.refused.status == 401);
  CHECK(field_of(scene.refused.response, "WWW-Authenticate") == "Basic realm=\"origin\"");

  UpgradeScene ours;
  ours.config.origin.auth = some_auth();
  ours.asked.fields = "Authorization: Basic Y2xpZW50OnB3\r\n";
  RawPeer origin = ours.ask();
  CHECK(field_of(origin.received, "Authorization").empty());
}
