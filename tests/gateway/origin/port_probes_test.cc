#include "gateway/origin/port_probes.h"

#include <doctest/doctest.h>

#include "gateway/origin/port_candidates.h"
#include "tests/gateway/origin/connect_scene.h"

using namespace tests;
using namespace gateway::origin;

TEST_CASE("port candidates: the remembered one comes first, the others keep their order") {
  gateway::config::Origin origin;
  origin.http_ports = {1, 2, 3, 4};
  gateway::route::Server server;
  const Target target{.tls = false, .port = 1};
  CHECK(port_candidates(origin, server, target) == std::vector<uint16_t>{1, 2, 3, 4});
  server.backend = std::make_shared<gateway::route::Backend>("a.example", "origin");
  remember_port(origin, server, {.tls = false, .port = 3});
  CHECK(port_candidates(origin, server, target) == std::vector<uint16_t>{3, 1, 2, 4});
  // A reload has shortened the list.
  origin.http_ports = {1, 2};
  CHECK(port_candidates(origin, server, target) == std::vector<uint16_t>{1, 2});
  // Behind a redirect, for example.
  CHECK(port_candidates(origin, server, {.tls = false, .port = 99}) == std::vector<uint16_t>{99});
}

TEST_CASE("port candidates: the first is due every ten seconds while another one serves") {
  gateway::config::Origin origin;
  origin.https_ports = {1, 2};
  gateway::route::Server server;
  server.backend = std::make_shared<gateway::route::Backend>("a.example", "origin");
  const Target target{.tls = true, .port = 1};
  CHECK_FALSE(first_port_is_due(origin, server, target, 1s));
  remember_port(origin, server, {.tls = true, .port = 2});
  CHECK(first_port_is_due(origin, server, target, 1s));
  CHECK_FALSE(first_port_is_due(origin, server, target, 10s));
  CHECK(first_port_is_due(origin, server, target, 11s));
}

TEST_CASE("port probes: the first port is taken again when it answers, and no client waits") {
  const RawListener first;
  const RawListener second;
  ConnectScene scene;
  scene.config.origin.http_ports = {first.address().port(), second.address().port()};
  scene.server.backend->http_port = 1;
  scene.paths.use(change_to(scene.snapshot));
  scene.connect("127.0.0.1", first.address().port());
  REQUIRE(scene.finished());
  CHECK(scene.outcome->port == second.address().port());
  CHECK(scene.outcome->trail.misses.empty());
  // The probe closes its connection as soon as it stands.
  RawPeer probe = scene.accepted(first);
  CHECK(scene.has_ended(probe));
  CHECK(probe.received.empty());
  CHECK(scene.stage.run_until([&] { return scene.paths.port_probes().running() == 0; }));
  CHECK(scene.server.backend->http_port == 0);
}

TEST_CASE("port probes: a first port that still refuses changes nothing") {
  const RawListener second;
  ConnectScene scene;
  const uint16_t closed = ConnectScene::closed_port();
  scene.config.origin.http_ports = {closed, second.address().port()};
  scene.server.backend->http_port = 1;
  scene.paths.use(change_to(scene.snapshot));
  scene.connect("127.0.0.1", closed);
  REQUIRE(scene.finished());
  CHECK(scene.stage.run_until([&] { return scene.paths.port_probes().running() == 0; }));
  CHECK(scene.server.backend->http_port == 1);
}

TEST_CASE("port probes: no probe for an older configuration, nor after the end") {
  const RawListener first;
  const RawListener second;
  ConnectScene scene;
  scene.config.origin.http_ports = {first.address().port(), second.address().port()};
  scene.server.backend->http_port = 1;
  for (const bool drained : {false, true}) {
    if (drained) {
      scene.paths.rest();
    } else {
      scene.paths.use(change_to(ConnectScene::make_snapshot()));
    }
    scene.connect("127.0.0.1", first.address().port());
    REQUIRE(scene.finished());
    CHECK(scene.paths.port_probes().running() == 0);
  }
  CHECK_FALSE(readable(first.fd(), 20));
}
