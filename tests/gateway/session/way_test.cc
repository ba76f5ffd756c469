// What an upgrade makes of names with several addresses, of ports, redirects, credentials and warm
// connections.
#include <string>

#include <doctest/doctest.h>

#include "gateway/origin/origin_paths.h"
#include "tests/support/made_snapshot.h"
#include "tests/support/names.h"
#include "tests/support/upgrade_scene.h"

using namespace tests;
using namespace std::chrono_literals;
using gateway::config::Origin;
using gateway::outcome::Cause;

namespace {

bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

// Its server is a name, and listens on 127.0.0.1 alone.
struct NameScene {
  explicit NameScene(const std::vector<std::string>& addresses) {
    names.set("a.test", addresses);
    scene.names = &names.resolver;
    scene.server.host = "a.test";
    scene.config.origin.retries.budget_percent = 100;
    allow_loopback(scene.config.origin);
  }
  UpgradeScene scene;
  Names names{scene.stage};
};

gateway::config::OriginAuth digest() {
  gateway::config::OriginAuth auth;
  auth.credentials.username = "user";
  auth.credentials.password = "secret";
  return auth;
}

std::string challenge(const std::string& more = {}) {
  return "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n1\", "
         "qop=\"auth\"" +
         more + "\r\nContent-Length: 0\r\n\r\n";
}

}  // namespace

TEST_CASE("upgrade: addresses that failed on the way are in the log, and count as retries") {
  NameScene names({"127.0.0.2", "127.0.0.3", "127.0.0.1"});
  UpgradeScene& scene = names.scene;
  RawPeer peer = scene.ask();
  peer.send(switching_answer(peer.received));
  REQUIRE(scene.finished());
  CHECK(scene.upgrades == 1);
  CHECK(scene.retries == 2);
  const std::string port = ":" + port_of(scene.origin);
  const std::string server = "a.test" + port + ": ";
  CHECK(scene.setbacks == server + "127.0.0.2" + port + ": connection refused; " + server +
                              "127.0.0.3" + port + ": connection refused");
}

TEST_CASE("upgrade: what failed before a 5xx or a lost connection is told before it, once") {
  for (const bool lost : {true, false}) {
    CAPTURE(lost);
    NameScene names({"127.0.0.2", "127.0.0.1"});
    UpgradeScene& scene = names.scene;
    RawPeer peer = scene.ask();
    if (lost) {
      peer.close();
    } else {
      peer.send(kUnavailable);
    }
    REQUIRE(scene.finished());
    // There is no third address, and nobody looks for one.
    CHECK(scene.retries == 1);
    CHECK(scene.setbacks.find("127.0.0.2") == scene.setbacks.rfind("127.0.0.2"));
    CHECK(scene.setbacks.find("127.0.0.2") <
          scene.setbacks.find(lost ? "without an answer" : "answered 503"));
  }
}

TEST_CASE("upgrade: a client that leaves early is told of what had failed by then") {
  NameScene names({"127.0.0.2", "127.0.0.1"});
  UpgradeScene& scene = names.scene;
  const RawPeer peer = scene.ask();
  CHECK(has(scene.journey->trail().setbacks, "127.0.0.2"));
  CHECK(scene.journey->trail().setbacks == scene.journey->trail().setbacks);
  CHECK(scene.journey->trail().retries == 1);
}

TEST_CASE("upgrade: an address that refused is not tried again after another one's 5xx") {
  NameScene names({"127.0.0.2", "127.0.0.1", "127.0.0.3"});
  UpgradeScene& scene = names.scene;
  RawPeer peer = scene.ask();
  peer.send(kUnavailable);
  REQUIRE(scene.finished());
  CHECK(scene.failures == 1);
  CHECK(scene.retries == 2);
  CHECK(scene.setbacks.find("127.0.0.2") == scene.setbacks.rfind("127.0.0.2"));
  CHECK(has(scene.setbacks, "127.0.0.3"));
}

TEST_CASE("upgrade: a server whose trial is another request's is no retry") {
  UpgradeScene scene;
  scene.config.origin.retries.budget_percent = 100;
  RawListener second;
  scene.add_server(second.address().port());
  scene.config.origin.servers[1].priority = 30;
  RawPeer peer = scene.ask();
  gateway::route::Backend& backend = scene.backend_of(1);
  backend.ejected_until = 1;
  REQUIRE(gateway::origin::begin_trial(backend, scene.stage.loop.now()));
  peer.send(kUnavailable);
  REQUIRE(scene.finished());
  CHECK(scene.refused.status == 503);
  CHECK(scene.retries == 0);
  CHECK_FALSE(readable(second.fd()));
}

TEST_CASE("upgrade: without retries only the first address is connected to") {
  NameScene names({"127.0.0.2", "127.0.0.1"});
  UpgradeScene& scene = names.scene;
  scene.config.origin.retries.attempts = 0;
  scene.begin();
  REQUIRE(scene.finished());
  CHECK(scene.failures == 1);
  CHECK(scene.retries == 0);
  CHECK_FALSE(readable(scene.origin.fd()));
}

TEST_CASE("upgrade: a name that leads to denied addresses is 502, and they are in the log") {
  NameScene names({"169.254.169.254"});
  UpgradeScene& scene = names.scene;
  scene.begin();
  REQUIRE(scene.finished());
  CHECK(scene.failure.status == 502);
  CHECK(scene.failure.cause == Cause::origin_resolve);
  CHECK(has(scene.setbacks, "169.254.169.254 is in deny_addresses"));
}

TEST_CASE("upgrade: a Host that names the server names the port that answered") {
  UpgradeScene scene;
  scene.config.origin.host_header = Origin::Host::origin;
  scene.config.origin.http_ports = {UpgradeScene::closed_port(), scene.origin.address().port()};
  scene.server.port.reset();
  const std::string authority = "127.0.0.1:" + port_of(scene.origin);
  RawPeer first = scene.ask();
  CHECK(field_of(first.received, "Host") == authority);
  // So that this is the same server, and no other host.
  first.send(redirect_to("http://" + authority + "/elsewhere"));
  RawPeer second = scene.next(scene.origin);
  CHECK(second.received.starts_with("GET /elsewhere HTTP/1.1\r\n"));
  CHECK(field_of(second.received, "Host") == authority);
  second.send(switching_answer(second.received));
  REQUIRE(scene.finished());
  CHECK(scene.upgrades == 1);
  // Another port is how a server is found, and no retry.
  CHECK(scene.retries == 0);
  CHECK(has(scene.setbacks, "connection refused"));
}

TEST_CASE("upgrade: a redirect from another host leads home, credentials and all") {
  UpgradeScene scene;
  RawListener other;
  scene.config.origin.redirect_hosts = {"127.0.0.1"};
  scene.asked.fields = "Cookie: sid=1\r\n";
  RawPeer first = scene.ask();
  first.send(redirect_to("http://127.0.0.1:" + port_of(other) + "/there"));
  RawPeer second = scene.next(other);
  second.send(redirect_to("http://chat.example.com/and-back"));
  RawPeer third = scene.next(scene.origin);
  CHECK(third.received.starts_with("GET /and-back HTTP/1.1\r\n"));
  CHECK(field_of(third.received, "Host") == "chat.example.com");
  CHECK(field_of(third.received, "Cookie") == "sid=1");
  third.send(switching_answer(third.received));
  REQUIRE(scene.finished());
  CHECK(scene.upgrades == 1);
}

TEST_CASE("upgrade: an origin that is spoken to over http is followed to https, by TLS alone") {
  UpgradeScene scene;
  const RawListener secure;
  scene.config.origin.protocol = Origin::Protocol::http;
  scene.config.origin.http_ports = {scene.origin.address().port()};
  scene.config.origin.https_ports = {secure.address().port()};
  scene.server.port.reset();
  RawPeer peer = scene.ask();
  peer.send(redirect_to("https://chat.example.com/secure"));
  REQUIRE(scene.stage.run_until([&] { return readable(secure.fd()); }));
  RawPeer plain(secure.accept());
  plain.send("HTTP/1.1 400 Bad Request\r\n\r\n");
  REQUIRE(scene.finished());
  CHECK(scene.failure.cause == Cause::origin_tls);
}

TEST_CASE("upgrade: a fixed TLS name is the own origin's, and no other host goes by it") {
  UpgradeScene scene;
  RawListener other;
  scene.config.origin.sni = "sni.example.com";
  scene.config.origin.redirect_hosts = {"127.0.0.1"};
  RawPeer first = scene.ask();
  first.send(redirect_to("https://127.0.0.1:" + port_of(other) + "/"));
  REQUIRE(scene.stage.run_until([&] { return readable(other.fd()); }));
  RawPeer second(other.accept());
  second.send("HTTP/1.1 400 Bad Request\r\n\r\n");
  REQUIRE(scene.finished());
  CHECK(scene.failure.cause == Cause::origin_tls);
  CHECK(has(scene.setbacks, "(127.0.0.1)"));
  CHECK_FALSE(has(scene.setbacks, "sni.example.com"));
}

TEST_CASE("upgrade: Digest goes on with the nonce of a 101, which the client does not see") {
  UpgradeScene scene;
  scene.config.origin.auth = digest();
  RawPeer first = scene.ask();
  first.send(challenge());
  RawPeer second = scene.next(scene.origin);
  CHECK(has(field_of(second.received, "Authorization"), "nonce=\"n1\""));
  second.send(
      switching_answer(second.received, "Authentication-Info: nextnonce=\"n2\"\r\nX-Kept: 1\r\n"));
  REQUIRE(scene.finished());
  CHECK(has(scene.fields, "X-Kept: 1\r\n"));
  CHECK_FALSE(has(scene.fields, "nextnonce"));
  RawPeer third = scene.ask();
  CHECK(has(field_of(third.received, "Authorization"), "nonce=\"n2\""));
  CHECK(has(field_of(third.received, "Authorization"), "nc=00000001"));
}

TEST_CASE("upgrade: Digest goes on with the nonce of any other answer, too") {
  UpgradeScene scene;
  scene.config.origin.auth = digest();
  RawPeer first = scene.ask();
  first.send(challenge());
  RawPeer second = scene.next(scene.origin);
  second.send(
      "HTTP/1.1 404 Not Found\r\nAuthentication-Info: nextnonce=\"n2\"\r\nX-Kept: 1\r\n"
      "Content-Length: 0\r\n\r\n");
  REQUIRE(scene.finished());
  CHECK(scene.refused.status == 404);
  CHECK(field_of(scene.refused.response, "X-Kept") == "1");
  CHECK_FALSE(has(scene.refused.response, "nextnonce"));
  const RawPeer third = scene.ask();
  CHECK(has(field_of(third.received, "Authorization"), "nonce=\"n2\""));
}

TEST_CASE("upgrade: an origin that is not given credentials of ours has its say with the client") {
  UpgradeScene scene;
  RawPeer peer = scene.ask();
  peer.send(switching_answer(peer.received, "Authentication-Info: nextnonce=\"n2\"\r\n"));
  REQUIRE(scene.finished());
  CHECK(has(scene.fields, "Authentication-Info: nextnonce=\"n2\"\r\n"));
}

TEST_CASE("upgrade: Digest goes ahead within the challenge's domain, of any kind, and not beyond") {
  UpgradeScene scene;
  scene.config.origin.auth = digest();
  RawPeer first = scene.ask();
  first.send(challenge(", domain=\"/other http://chat.example.com/chat\""));
  RawPeer second = scene.next(scene.origin);
  CHECK(has(field_of(second.received, "Authorization"), "nc=00000001"));
  second.send(switching_answer(second.received));
  REQUIRE(scene.finished());

  scene.asked.target = "/chat/room";
  RawPeer third = scene.ask();
  CHECK(has(field_of(third.received, "Authorization"), "nc=00000002"));
  scene.asked.target = "/elsewhere";
  scene.journey.reset();
  RawPeer fourth = scene.ask();
  CHECK(field_of(fourth.received, "Authorization").empty());
}

namespace {

// One warm connection to an origin that the test plays.
struct WarmScene {
  WarmScene() {
    scene.config.origin.protocol = Origin::Protocol::http;
    scene.config.origin.warm = 1;
    scene.config.origin.request_timeout = 200ms;
    scene.build();
    scene.paths = &paths;
    paths.use(change_to(scene.snapshot));
    REQUIRE(scene.stage.run_until([&] { return paths.warm().idle() == 1; }));
  }
  WarmScene(const WarmScene&) = delete;
  WarmScene& operator=(const WarmScene&) = delete;
  // An upgrade that is still under way refers to the snapshot.
  ~WarmScene() { scene.journey.reset(); }

  // The origin's end of the connection that was there first, once it was asked.
  RawPeer asked() {
    RawPeer peer(scene.origin.accept());
    scene.begin();
    REQUIRE(scene.stage.run_until([&] {
      peer.read();
      return has(peer.received, "\r\n\r\n");
    }));
    return peer;
  }
  // What comes after it may be a new warm connection, or a request.
  bool is_asked_again() {
    return scene.stage.run_until([&] {
      if (readable(scene.origin.fd())) others.emplace_back(scene.origin.accept());
      for (RawPeer& other : others) {
        other.read();
        if (has(other.received, "\r\n\r\n")) return true;
      }
      return scene.done();
    }) && !scene.done();
  }

  UpgradeScene scene;
  gateway::origin::OriginPaths paths{scene.stage.loop, scene.resolver};
  std::vector<RawPeer> others;
};

}  // namespace

TEST_CASE("upgrade: a warm connection that ends without a word is replaced, at the same server") {
  WarmScene warm;
  RawPeer peer = warm.asked();
  peer.reset();
  CHECK(warm.is_asked_again());
  CHECK(warm.scene.journey->trail().retries == 0);
}

TEST_CASE("upgrade: a warm connection that stays silent is a time-out like any other") {
  WarmScene warm;
  const RawPeer peer = warm.asked();
  CHECK_FALSE(warm.is_asked_again());
  CHECK(warm.scene.failure.cause == Cause::origin_timeout);
  CHECK(warm.scene.failure.status == 504);
}

TEST_CASE("upgrade: a warm connection that has begun to answer was no stale one") {
  WarmScene warm;
  RawPeer peer = warm.asked();
  peer.send("HTTP/1.1 103 Early Hints\r\n\r\n");
  warm.scene.turn();
  peer.close();
  CHECK_FALSE(warm.is_asked_again());
  CHECK(warm.scene.failures == 1);
}
