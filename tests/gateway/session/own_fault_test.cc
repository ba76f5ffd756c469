// What this node lacks is told as its own, and counted for no server.
#include <doctest/doctest.h>

#include "gateway/origin/ejection.h"
#include "tests/support/no_descriptors.h"
#include "tests/support/upgrade_scene.h"

using namespace tests;
using gateway::outcome::Cause;

TEST_CASE("FX2 upgrade: without a descriptor it is 503, and no server has failed") {
  UpgradeScene scene;
  scene.add_server(UpgradeScene::closed_port());
  scene.build();
  const NoDescriptors none;
  for (int i = 0; i < 20; ++i) {
    scene.failures = 0;
    scene.begin();
    REQUIRE(scene.finished());
    CHECK(scene.failure.cause == Cause::overload);
    CHECK(scene.failure.status == 503);
    CHECK(scene.failure.blame == gateway::outcome::Blame::us);
  }
  for (const auto& server : scene.snapshot->pools.front()->servers) {
    CHECK(server.backend->failures_in_a_row == 0);
    CHECK(server.backend->ejected_until == 0);
    for (const auto& count : server.backend->failures) CHECK(count == 0);
  }
}

TEST_CASE("FX2 upgrade: a server that cannot be reached from here is passed over for another") {
  UpgradeScene scene;
  gateway::config::Server nowhere = scene.server;
  nowhere.host = "255.255.255.255";  // connect() itself refuses
  scene.config.origin.balance = gateway::config::Origin::Balance::least_sessions;
  scene.add_server(nowhere);
  scene.add_server(scene.server);
  RawPeer peer = scene.ask();
  peer.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
  REQUIRE(scene.finished());
  CHECK(scene.refused.status == 403);
  CHECK(scene.backend_of(0).failures_in_a_row == 0);
}
