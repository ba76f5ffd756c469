#include "gateway/origin/reuse.h"

#include <functional>
#include <list>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "tests/gateway/origin/connect_scene.h"

using namespace tests;
using namespace gateway::origin;
using gateway::config::Origin;

namespace {

Spoken clean_get() {
  return {.method = "GET", .request_whole = true, .status = 200, .answer_whole = true};
}

struct ReuseScene : ConnectScene {
  ReuseScene() {
    config.origin.protocol = Origin::Protocol::http;
    config.origin.http_ports = {port()};
    server.host = "127.0.0.1";
    server.address = gateway::net::Address::parse("127.0.0.1", 0);
    paths.use(change_to(snapshot));
  }
  uint16_t port() const { return listener.address().port(); }
  size_t idle() { return paths.reuse().idle(); }
  uint64_t closed(Closed why) { return paths.figures().closed(why).value(); }

  // A request gets a connection; the origin's end of a new one is in `peers`.
  bool request(Kept kept = Kept::any, bool fresh = false) {
    again(port(), false, "", [&](Connector::Plan& plan) {
      plan.kept = kept;
      plan.fresh = fresh;
    });
    REQUIRE(finished());
    REQUIRE(outcome->stream != nullptr);
    if (!outcome->kept) peers.push_back(accepted(listener));
    return outcome->kept;
  }
  // And leaves it.
  void put(const Spoken& spoken = clean_get()) {
    paths.reuse().put(std::move(outcome->stream), outcome->lineage, spoken);
  }
  RawPeer& keep_one(const Spoken& spoken = clean_get()) {
    request(Kept::none);
    put(spoken);
    return peers.back();
  }
  std::optional<Reuse::Taken> take(const Target& target, std::string_view name) {
    return paths.reuse().take(
        {.pool = pool, .server = server, .target = target, .tls_name = name, .kept = Kept::any});
  }
  bool is_open(RawPeer& peer) {
    stage.settle();
    peer.read();
    return !peer.ended && peer.error == 0;
  }
  void reload(const std::function<void(gateway::route::Snapshot&)>& change) {
    auto next = make_snapshot();
    next->document.domains.front() = config;
    pool_of(*next).label = pool.label;
    pool_of(*next).servers = pool.servers;
    pool_of(*next).tls = pool.tls;
    change(*next);
    paths.use(change_to(next, snapshot));
    before_reload.push_back(std::exchange(snapshot, std::move(next)));
  }

  RawListener listener;
  std::list<RawPeer> peers;
  std::vector<std::shared_ptr<gateway::route::Snapshot>> before_reload;
};

}  // namespace

TEST_CASE("reuse: a request goes over the connection of the one before it") {
  ReuseScene scene;
  CHECK_FALSE(scene.request());
  CHECK(scene.outcome->lineage.served == 0);
  scene.put();
  CHECK(scene.idle() == 1);
  CHECK(scene.request());
  CHECK(scene.idle() == 0);
  CHECK(scene.outcome->lineage.served == 1);
  CHECK(scene.outcome->address == scene.listener.address());
  CHECK(scene.outcome->port == scene.port());
  scene.outcome->stream->write(proto::bytes_of("GET /2"));
  CHECK(scene.has(scene.peers.back(), "GET /2"));
  scene.peers.back().send("HTTP/1.1 200");
  CHECK(scene.stage.run_until([&] { return scene.outcome->told.data == "HTTP/1.1 200"; }));
}

TEST_CASE("V1 reuse: what an exchange has left behind closes its connection") {
  ReuseScene scene;
  Spoken spoken = clean_get();
  spoken.bytes_behind = true;
  RawPeer& peer = scene.keep_one(spoken);
  CHECK(scene.has_ended(peer));
  CHECK(peer.error == 0);
  CHECK(scene.closed(Closed::not_reusable) == 1);
}

TEST_CASE("V1 reuse: a connection serves so many requests, and lives for so long") {
  ReuseScene scene;
  scene.config.origin.reuse.requests = 3;
  for (int i = 0; i < 3; ++i) {
    scene.request();
    scene.put();
  }
  CHECK(scene.has_ended(scene.peers.back()));
  CHECK(scene.closed(Closed::requests) == 1);
  CHECK(scene.peers.size() == 1);

  scene.config.origin.reuse.requests = 1000;
  scene.config.origin.reuse.age = 2s;
  RawPeer& resting = scene.keep_one();
  scene.stage.pass(1s);
  CHECK(scene.is_open(resting));
  scene.stage.pass(1100ms);
  CHECK(scene.has_ended(resting));
  CHECK(scene.closed(Closed::age) == 1);
  scene.request(Kept::none);
  scene.stage.pass(2s);
  scene.put();
  CHECK(scene.has_ended(scene.peers.back()));
  CHECK(scene.closed(Closed::age) == 2);
}

TEST_CASE("V1 reuse: no connection with a PROXY header is kept, and none where reuse is off") {
  for (const bool proxied : {true, false}) {
    CAPTURE(proxied);
    ReuseScene scene;
    if (proxied) scene.config.origin.proxy_protocol = Origin::ProxyProtocol::v2;
    if (!proxied) scene.config.origin.reuse.mode = gateway::config::Reuse::Mode::off;
    RawPeer& peer = scene.keep_one();
    CHECK(scene.has_ended(peer));
    CHECK(scene.idle() == 0);
    CHECK_FALSE(scene.request());
  }
}

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

TEST_CASE("V3 reuse: who wants one that was just used gets no other") {
  ReuseScene scene;
  scene.keep_one();
  scene.stage.pass(900ms);
  CHECK(scene.request(Kept::just_used));
  scene.put();
  scene.stage.pass(1100ms);
  CHECK_FALSE(scene.request(Kept::just_used));
  CHECK(scene.idle() == 1);
  CHECK(scene.request(Kept::any));
}

TEST_CASE(
    "reuse: a request may ask for a fresh connection, and so does one that was there before") {
  ReuseScene scene;
  scene.keep_one();
  CHECK_FALSE(scene.request(Kept::any, true));
  CHECK_FALSE(scene.request(Kept::none));
  scene.before.tried = {*gateway::net::Address::parse("10.0.0.9", 80)};
  CHECK_FALSE(scene.request());
  CHECK(scene.idle() == 1);
}

TEST_CASE("V4 reuse: what rests ends a second before its origin ends it") {
  ReuseScene scene;
  Spoken spoken = clean_get();
  spoken.keep_alive = "timeout=3";
  RawPeer& brief = scene.keep_one(spoken);
  RawPeer& unsaid = scene.keep_one();
  scene.stage.pass(1900ms);
  CHECK(scene.is_open(brief));
  scene.stage.pass(200ms);
  CHECK(scene.has_ended(brief));
  CHECK(scene.is_open(unsaid));
  scene.stage.pass(1800ms);
  CHECK(scene.is_open(unsaid));
  scene.stage.pass(300ms);
  CHECK(scene.has_ended(unsaid));
  CHECK(scene.closed(Closed::idle) == 2);

  spoken.keep_alive = "timeout=1";
  CHECK(scene.has_ended(scene.keep_one(spoken)));
  CHECK(scene.closed(Closed::not_reusable) == 1);
}

TEST_CASE("V5 reuse: a byte, an end or a reset closes what rests at once") {
  for (const int how : {0, 1, 2, 3}) {
    CAPTURE(how);
    ReuseScene scene;
    RawPeer& peer = scene.keep_one();
    if (how == 0) peer.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad");
    if (how == 1) peer.shut();
    if (how == 2) peer.reset();
    if (how == 3) peer.close();
    CHECK(scene.stage.run_until([&] { return scene.idle() == 0; }));
    CHECK(scene.closed(Closed::unsolicited) == 1);
    CHECK_FALSE(scene.request());
  }
}

TEST_CASE(
    "V5 reuse: a byte or an end that nobody has noticed yet is looked for before it is used") {
  for (const bool speaks : {false, true}) {
    CAPTURE(speaks);
    ReuseScene scene;
    RawPeer& peer = scene.keep_one();
    if (speaks) {
      peer.send("x");
    } else {
      peer.shut();
    }
    REQUIRE(scene.idle() == 1);
    CHECK_FALSE(scene.take({.port = scene.port()}, ""));
  }
}

TEST_CASE("V5 reuse: what came behind an answer in the same read is never read into an exchange") {
  ReuseScene scene;
  scene.request(Kept::none);
  // The exchange is over with the first byte, and has not been shown the second.
  scene.outcome->stream->read_at_most(gateway::net::Stream::kSmallRead);
  scene.outcome->told.data_hook = [&] { scene.put(); };
  const std::string answer(gateway::net::Stream::kSmallRead, 'a');
  scene.peers.back().send(answer + "poison");
  CHECK(scene.stage.run_until([&] { return scene.closed(Closed::unsolicited) == 1; }));
  CHECK(scene.outcome->told.data == answer);
  CHECK(scene.idle() == 0);
  CHECK_FALSE(scene.request());
}

TEST_CASE("reuse: figures say what rests at each server, and a drain closes it") {
  gateway::metrics::Registry registry(2);
  ReuseScene scene;
  scene.server.traffic = registry.origin("chat.example.com", "127.0.0.1");
  OriginPaths second(scene.stage.loop, scene.resolver, nullptr, nullptr, 1);
  second.use(change_to(scene.snapshot));
  scene.request(Kept::none);
  second.reuse().put(std::move(scene.outcome->stream), scene.outcome->lineage, clean_get());
  CHECK(scene.server.traffic[1]->connections.idle.value() == 1);
  CHECK(scene.server.traffic[0]->connections.idle.value() == 0);
  second.rest();
  CHECK(scene.server.traffic[1]->connections.idle.value() == 0);
  CHECK(scene.has_ended(scene.peers.back()));
}
