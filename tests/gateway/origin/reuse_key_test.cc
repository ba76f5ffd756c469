#include <functional>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>

#include "tests/gateway/origin/reuse_scene.h"

using namespace tests;
using namespace tests::reusing;

TEST_CASE("V2 reuse: the connection that was used last is the next that is taken") {
  ReuseScene scene;
  scene.request(Kept::none);
  auto first = std::move(scene.outcome);
  scene.request(Kept::none);
  auto second = std::move(scene.outcome);
  scene.paths.reuse().put(std::move(first->stream), first->lineage, clean_get());
  scene.paths.reuse().put(std::move(second->stream), second->lineage, clean_get());
  REQUIRE(scene.request());
  scene.outcome->stream->write(proto::bytes_of("GET /"));
  CHECK(scene.has(scene.peers.back(), "GET /"));
  CHECK(scene.is_open(scene.peers.front()));
}

TEST_CASE("V2 reuse: two names on one address, two schemes, two ports: none serves the other") {
  ReuseScene scene;
  scene.request(Kept::none);
  Lineage lineage = scene.outcome->lineage;
  lineage.asked = {.tls = true, .port = 8443};
  lineage.tls_name = "a.example";
  scene.paths.reuse().put(std::move(scene.outcome->stream), lineage, clean_get());
  CHECK_FALSE(scene.take({.tls = true, .port = 8443}, "b.example"));
  CHECK_FALSE(scene.take({.tls = true, .port = 8444}, "a.example"));
  CHECK_FALSE(scene.take({.tls = false, .port = 8443}, "a.example"));
  CHECK(scene.take({.tls = true, .port = 8443}, "a.example"));
}

TEST_CASE("V2 reuse: what one pool has left no other pool gets, nor a server that is none of it") {
  ReuseScene scene;
  RawPeer& peer = scene.keep_one();
  auto other = ConnectScene::make_snapshot();
  pool_of(*other).servers = scene.pool.servers;
  const auto take_from = [&](const gateway::route::Pool& pool,
                             const gateway::route::Server& server) {
    return scene.paths.reuse().take({.pool = pool,
                                     .server = server,
                                     .target = {.port = scene.port()},
                                     .tls_name = "",
                                     .kept = Kept::any});
  };
  CHECK_FALSE(take_from(pool_of(*other), pool_of(*other).servers.front()));
  const gateway::route::Server elsewhere = scene.server;
  CHECK_FALSE(take_from(scene.pool, elsewhere));
  CHECK(scene.is_open(peer));
  // Where a redirect has led nothing is kept.
  scene.request(Kept::none);
  scene.outcome->lineage.server = &elsewhere;
  scene.put();
  CHECK(scene.has_ended(scene.peers.back()));
  CHECK(scene.idle() == 1);
}

TEST_CASE("V2 reuse: a server that is down or ejected loses what rests, whether asked or not") {
  for (const bool down : {true, false}) {
    for (const bool asked : {true, false}) {
      CAPTURE(down);
      CAPTURE(asked);
      ReuseScene scene;
      RawPeer& peer = scene.keep_one();
      scene.server.backend->up = !down;
      scene.server.backend->ejected_until = down ? 0 : 1;
      if (asked) {
        CHECK_FALSE(scene.request());
      } else {
        scene.stage.pass(1100ms);
      }
      CHECK(scene.has_ended(peer));
      CHECK(scene.idle() == 0);
      CHECK(scene.closed(Closed::not_reusable) == 1);
    }
  }
}

TEST_CASE("V2 reuse: a reload keeps what it has not changed, and drops the rest") {
  const TlsOrigin origin;
  struct Reload {
    const char* name;
    std::function<void(gateway::route::Snapshot&)> change;
    bool kept;
  };
  const Reload reloads[] = {
      {"nothing", [](gateway::route::Snapshot&) {}, true},
      {"the pool is gone",
       [](gateway::route::Snapshot& made) { pool_of(made).label = "other.example#/"; }, false},
      {"a time limit",
       [](gateway::route::Snapshot& made) {
         made.document.domains.front().origin.connect_timeout = 9s;
       },
       false},
      {"a pin, a CA, our certificate",
       [&](gateway::route::Snapshot& made) { pool_of(made).tls = origin.trusting(); }, false},
      {"a server",
       [](gateway::route::Snapshot& made) {
         pool_of(made).servers.push_back(pool_of(made).servers.front());
       },
       false},
  };
  for (const Reload& reload : reloads) {
    CAPTURE(reload.name);
    ReuseScene scene;
    RawPeer& peer = scene.keep_one();
    scene.request(Kept::none);
    scene.reload(reload.change);
    CHECK(scene.is_open(peer) == reload.kept);
    // What was on its way with the settings before is kept by nobody.
    scene.put();
    CHECK(scene.has_ended(scene.peers.back()));
    gateway::route::Pool& now = pool_of(*scene.snapshot);
    const auto taken = scene.paths.reuse().take({.pool = now,
                                                 .server = now.servers.front(),
                                                 .target = {.port = scene.port()},
                                                 .tls_name = "",
                                                 .kept = Kept::any});
    CHECK(taken.has_value() == reload.kept);
  }
}

TEST_CASE("V2 reuse: of more than `most` the oldest ends, and none is kept without room") {
  ReuseScene scene;
  scene.config.origin.reuse.most = 2;
  for (int i = 0; i < 3; ++i) scene.keep_one();
  CHECK(scene.has_ended(scene.peers.front()));
  CHECK(scene.is_open(scene.peers.back()));
  CHECK(scene.idle() == 2);
  CHECK(scene.closed(Closed::pressure) == 1);

  scene.config.origin.reuse.most = 0;
  scene.keep_one();
  CHECK(scene.has_ended(scene.peers.back()));
  CHECK(scene.closed(Closed::pressure) == 2);
}

TEST_CASE("V2 reuse: no more rest than the process has room for, and a place comes back") {
  IdleRooms rooms;
  rooms.kept.set_limit(1);
  ReuseScene scene;
  OriginPaths bounded(scene.stage.loop, scene.resolver, &rooms);
  bounded.use(change_to(scene.snapshot));
  const auto put = [&] {
    scene.request(Kept::none);
    bounded.reuse().put(std::move(scene.outcome->stream), scene.outcome->lineage, clean_get());
  };
  put();
  put();
  CHECK(bounded.reuse().idle() == 1);
  CHECK(scene.has_ended(scene.peers.back()));
  CHECK(bounded.figures().closed(Closed::pressure).value() == 1);
  bounded.rest();
  CHECK(rooms.kept.taken() == 0);
  put();
  CHECK(bounded.reuse().idle() == 0);
}
