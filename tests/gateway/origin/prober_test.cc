#include "gateway/origin/prober.h"

#include <memory>

#include <doctest/doctest.h>

#include "gateway/origin/ejection.h"
#include "tests/gateway/origin/probing_scene.h"
#include "tests/support/names.h"

using namespace tests;
using namespace std::chrono_literals;
using namespace gateway::origin;
using Type = gateway::config::Health::Type;

namespace {

struct Probing final : ProbingScene {
  void use(const std::shared_ptr<gateway::route::Snapshot>& next) {
    prober.use(change_to(next, std::exchange(current, next)));
  }
  gateway::route::Backend& at(size_t server) { return *pool_of(*current).servers[server].backend; }
  bool becomes(bool up, size_t server = 0) {
    return run_until([&] { return at(server).up == up; });
  }

  Prober prober{stage.loop, resolver};
  std::shared_ptr<gateway::route::Snapshot> current;
};

}  // namespace

TEST_CASE("streak: so many failures in a row are down, so many successes are up") {
  gateway::config::Health settings;
  settings.fall = 3;
  settings.rise = 2;
  Streak streak;
  for (const bool passed : {false, false, true, false, false, true, true})
    CHECK_FALSE(streak.add(passed, settings));
  CHECK_FALSE(streak.add(false, settings));
  CHECK_FALSE(streak.add(false, settings));
  CHECK(streak.add(false, settings));
  CHECK_FALSE(streak.up());
  CHECK(streak.length() == 3);
  CHECK_FALSE(streak.add(true, settings));
  CHECK_FALSE(streak.add(false, settings));
  CHECK_FALSE(streak.add(true, settings));
  CHECK(streak.add(true, settings));
  CHECK(streak.up());
}

TEST_CASE("prober: the first check comes at once, the others after about an interval") {
  Probing scene;
  FakeOrigin origin;
  scene.origins = {&origin};
  scene.health().interval = 100ms;
  const auto begin = scene.stage.loop.now();
  scene.use(scene.snapshot(origin.port()));
  REQUIRE(scene.run_until([&] { return origin.accepted == 1; }));
  CHECK(scene.stage.loop.now() - begin < 60ms);
  REQUIRE(scene.run_until([&] { return origin.accepted == 4; }));
  CHECK(scene.stage.loop.now() - begin >= 3 * 90ms - 8ms);
}

TEST_CASE("prober: a lack of ports of our own says nothing about a server") {
  Probing scene;
  FakeOrigin origin;
  scene.origins = {&origin};
  scene.health().fall = 1;
  // No connection can come from an address of another machine (RFC 5737).
  scene.settings.origin.source = {"192.0.2.55"};
  scene.use(scene.snapshot(origin.port()));
  scene.pass(100ms);
  CHECK(scene.at(0).up);
  CHECK(origin.accepted == 0);
}

TEST_CASE("prober: where DNS may not lead to, there is nobody to check") {
  ProbingScene scene;
  Names names(scene.stage);
  names.set("a.test", {"127.0.0.1"});
  FakeOrigin origin;
  scene.origins = {&origin};
  scene.health().fall = 1;
  scene.settings.origin.deny_addresses = {*gateway::config::parse_network("127.0.0.0/8")};
  const auto snapshot = scene.snapshot({"a.test"}, {origin.port()});
  Prober prober(scene.stage.loop, names.resolver);
  prober.use(change_to(snapshot));
  CHECK(scene.run_until([&] { return !pool_of(*snapshot).servers.front().backend->up; }));
  CHECK(origin.accepted == 0);
}

TEST_CASE("FY32 prober: a name that leads to a listener of our own is no server") {
  ProbingScene scene;
  Names names(scene.stage);
  names.set("a.test", {"127.0.0.1"});
  FakeOrigin origin;
  scene.origins = {&origin};
  scene.health().fall = 1;
  allow_loopback(scene.settings.origin);
  gateway::net::OwnListeners own;
  own.use({*gateway::net::Address::parse("127.0.0.1", origin.port())});
  const auto snapshot = scene.snapshot({"a.test"}, {origin.port()});
  Prober prober(scene.stage.loop, names.resolver, &own);
  prober.use(change_to(snapshot));
  CHECK(scene.run_until([&] { return !pool_of(*snapshot).servers.front().backend->up; }));
  CHECK(origin.accepted == 0);
}

TEST_CASE("prober: a server that refuses goes down after three checks, and up when it is back") {
  Probing scene;
  auto listener = std::make_unique<FakeOrigin>();
  const uint16_t port = ProbingScene::closed_port();
  scene.use(scene.snapshot({"127.0.0.1", "127.0.0.1"}, {port, listener->port()}));
  scene.origins = {listener.get()};
  CHECK(scene.at(0).up);
  REQUIRE(scene.becomes(false));
  CHECK(scene.at(1).up);
  // Down for what checks say, and ejected for what sessions met: both end with the first success.
  scene.at(0).ejected_until = (scene.stage.loop.now() + 1h).count();
  auto next = scene.snapshot({"127.0.0.1", "127.0.0.1"}, {port, listener->port()});
  pool_of(*next).servers[0].port = listener->port();
  scene.use(next);
  REQUIRE(scene.becomes(true));
  CHECK(state_of(scene.at(0), scene.stage.loop.now()) == ServerState::serving);
}

TEST_CASE("prober: hanging, answering 503 and a wrong Accept are down, too") {
  struct Row {
    Type type;
    FakeOrigin::Answer answer;
  };
  const Row rows[] = {
      {Type::http, [](const std::string&) { return std::string(); }},
      {Type::http, [](const std::string&) { return status_answer(503); }},
      {Type::websocket, [](const std::string&) { return upgrade_answer("no key\r\n\r\n"); }},
  };
  for (const Row& row : rows) {
    Probing scene;
    scene.health().type = row.type;
    FakeOrigin origin(row.answer);
    scene.origins = {&origin};
    scene.use(scene.snapshot(origin.port()));
    REQUIRE(scene.becomes(false));
    CHECK(origin.accepted >= 3);
    origin.answer_with([&row](const std::string& request) {
      return row.type == Type::http ? status_answer(200) : upgrade_answer(request);
    });
    CHECK(scene.becomes(true));
  }
}

TEST_CASE("prober: a name is up when any of its addresses answers") {
  // localhost may be ::1 and 127.0.0.1; the origin listens on the latter alone.
  Probing scene;
  FakeOrigin origin;
  scene.origins = {&origin};
  scene.use(scene.snapshot({"localhost"}, {origin.port()}));
  REQUIRE(scene.run_until([&] { return origin.accepted >= 4; }));
  CHECK(scene.at(0).up);
}

TEST_CASE("prober: a name that is not resolved is down") {
  Probing scene;
  scene.health().fall = 1;
  scene.use(scene.snapshot({std::string(254, 'a')}, {80}));
  CHECK(scene.becomes(false));
}

TEST_CASE("prober: of candidate ports the first that answers is remembered") {
  Probing scene;
  FakeOrigin origin;
  scene.origins = {&origin};
  scene.settings.origin.http_ports = {ProbingScene::closed_port(), origin.port()};
  scene.use(scene.snapshot({"127.0.0.1"}, {0}));
  REQUIRE(scene.run_until([&] { return scene.at(0).http_port == 1; }));
  CHECK(scene.at(0).up);
  FakeOrigin first;
  scene.origins = {&origin, &first};
  scene.settings.origin.http_ports = {first.port(), origin.port()};
  scene.use(scene.snapshot({"127.0.0.1"}, {0}));
  CHECK(scene.run_until([&] { return scene.at(0).http_port == 0; }));
}

TEST_CASE("prober: where the protocol follows the client, one way that is open is enough") {
  using Protocol = gateway::config::Origin::Protocol;
  Probing scene;
  FakeOrigin origin;
  scene.origins = {&origin};
  scene.settings.origin.protocol = Protocol::follow;
  scene.settings.origin.http_ports = {ProbingScene::closed_port()};
  scene.settings.origin.https_ports = {origin.port()};
  scene.health().fall = 1;
  scene.use(scene.snapshot({"127.0.0.1"}, {0}));
  // No TLS listener: nobody would come over https.
  REQUIRE(scene.becomes(false));
  CHECK(origin.accepted == 0);
}

TEST_CASE("prober: a reload keeps what is known, checks new servers and forgets old ones") {
  Probing scene;
  FakeOrigin origin;
  scene.origins = {&origin};
  const uint16_t closed = ProbingScene::closed_port();
  scene.use(scene.snapshot(closed));
  REQUIRE(scene.becomes(false));
  auto& down = scene.at(0);
  scene.use(scene.snapshot({"127.0.0.1", "127.0.0.1"}, {closed, origin.port()}));
  CHECK_FALSE(down.up);
  CHECK(scene.prober.size() == 2);
  REQUIRE(scene.run_until([&] { return origin.accepted >= 2; }));
  CHECK_FALSE(down.up);
  const auto held = scene.current;
  scene.use(scene.snapshot(origin.port()));
  CHECK(scene.prober.size() == 1);
  // Whoever is not checked is not known to be down.
  CHECK(down.up);
}

TEST_CASE("prober: with checks switched off a server is up") {
  Probing scene;
  const uint16_t closed = ProbingScene::closed_port();
  scene.use(scene.snapshot(closed));
  REQUIRE(scene.becomes(false));
  scene.settings.origin.health.reset();
  scene.use(scene.snapshot(closed));
  CHECK(scene.prober.size() == 0);
  CHECK(scene.at(0).up);
  scene.pass(50ms);
  CHECK(scene.at(0).up);
}

TEST_CASE("prober: a shorter interval holds at once") {
  Probing scene;
  FakeOrigin origin;
  scene.origins = {&origin};
  scene.health().interval = 5min;
  scene.use(scene.snapshot(origin.port()));
  REQUIRE(scene.run_until([&] { return origin.accepted == 1; }));
  scene.health().interval = 20ms;
  scene.use(scene.snapshot(origin.port()));
  CHECK(scene.run_until([&] { return origin.accepted >= 4; }));
}

TEST_CASE("prober: checks come from the addresses that sessions come from") {
  Probing scene;
  FakeOrigin origin;
  scene.origins = {&origin};
  scene.settings.origin.source = {"127.0.0.5"};
  scene.use(scene.snapshot(origin.port()));
  REQUIRE(scene.run_until([&] { return origin.accepted == 2; }));
  CHECK(origin.clients == std::vector<std::string>{"127.0.0.5", "127.0.0.5"});
}

TEST_CASE("prober: the same server twice in a domain is checked once") {
  Probing scene;
  FakeOrigin origin;
  scene.use(scene.snapshot({"127.0.0.1", "127.0.0.1"}, {origin.port(), origin.port()}));
  CHECK(scene.prober.size() == 1);
  scene.use(scene.snapshot({"127.0.0.1", "127.0.0.1"}, {origin.port(), origin.port()}));
  CHECK(scene.prober.size() == 1);
}

TEST_CASE("prober: a reload in the middle of a round changes nothing about it") {
  Probing scene;
  scene.health().type = Type::http;
  scene.health().timeout = 2s;
  FakeOrigin origin;  // hangs
  scene.origins = {&origin};
  scene.use(scene.snapshot(origin.port()));
  REQUIRE(scene.run_until([&] { return !origin.requests.empty(); }));
  for (int i = 0; i < 10; ++i) scene.use(scene.snapshot(origin.port()));
  origin.answer_with([](const std::string&) { return status_answer(200); });
  origin.close_all();
  CHECK(scene.run_until([&] { return origin.requests.size() >= 3; }));
  CHECK(scene.at(0).up);
}

TEST_CASE("prober: a thousand servers that hang hold no more descriptors than allowed") {
  Probing scene;
  scene.health().type = Type::http;
  scene.health().timeout = 3s;
  FakeOrigin origin;
  scene.origins = {&origin};
  std::vector<std::string> hosts;
  for (int i = 0; i < 1'000; ++i)
    hosts.push_back("127.0." + std::to_string(i / 250 + 1) + "." + std::to_string(i % 250 + 1));
  auto made = scene.snapshot(hosts, std::vector<uint16_t>(hosts.size(), origin.port()));
  for (auto& server : pool_of(*made).servers)
    server.address = gateway::net::Address::parse("127.0.0.1", 0);
  scene.use(made);
  scene.pass(500ms);
  CHECK(origin.accepted > 0);
  CHECK(origin.accepted <= static_cast<int>(Rounds::kMost));
}
