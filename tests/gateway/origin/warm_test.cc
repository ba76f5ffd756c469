#include "gateway/origin/warm.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "gateway/origin/warm_stock.h"
#include "tests/gateway/origin/connect_scene.h"

using namespace tests;
using namespace gateway::origin;
using gateway::config::Origin;

namespace {

struct WarmScene : ConnectScene {
  explicit WarmScene(Origin::Protocol protocol = Origin::Protocol::http, uint32_t count = 2) {
    config.origin.protocol = protocol;
    config.origin.warm = count;
    config.origin.connect_timeout = 5s;
    config.origin.io_timeout = 5s;
    config.origin.http_ports = {listener.address().port()};
    server.host = "127.0.0.1";
    server.address = gateway::net::Address::parse("127.0.0.1", 0);
  }
  uint16_t port() const { return listener.address().port(); }
  size_t idle() { return paths.warm().idle(); }
  // The origin's ends of that many connections, which all stand.
  std::vector<RawPeer> peers(size_t count) {
    std::vector<RawPeer> all;
    while (all.size() < count) all.push_back(accepted(listener));
    REQUIRE(stage.run_until([&] { return idle() == count; }));
    return all;
  }
  void begin() { paths.use(change_to(snapshot)); }
  // A request asks for a connection.
  void request(const Change& change = {}) {
    again(port(), false, "", change);
    REQUIRE(finished());
    REQUIRE(outcome->stream != nullptr);
  }

  RawListener listener;
};

}  // namespace

TEST_CASE("warm: connections stand before they are needed, and are made again when taken") {
  WarmScene scene;
  scene.begin();
  std::vector<RawPeer> peers = scene.peers(2);
  CHECK(scene.paths.figures().warm_idle.value() == 2);
  scene.request();
  CHECK(scene.outcome->warm);
  CHECK(scene.outcome->port == scene.port());
  CHECK(scene.outcome->address == scene.listener.address());
  scene.outcome->stream->write(proto::bytes_of("GET /"));
  CHECK(scene.stage.run_until([&] {
    for (RawPeer& peer : peers) peer.read();
    return peers[0].received + peers[1].received == "GET /";
  }));
  const RawPeer third = scene.accepted(scene.listener);
  CHECK(scene.stage.run_until([&] { return scene.idle() == 2; }));
  CHECK(scene.paths.figures().warm_taken.value() == 1);
  CHECK(scene.paths.figures().warm_missed.value() == 0);
}

TEST_CASE("FX2 warm: no more are made than the process has room for, and a place comes back") {
  IdleRooms rooms;
  rooms.warm.set_limit(2);
  WarmScene scene(Origin::Protocol::http, 4);
  OriginPaths bounded(scene.stage.loop, scene.resolver, &rooms);
  bounded.use(change_to(scene.snapshot));
  std::vector<RawPeer> peers;
  for (int i = 0; i < 2; ++i) peers.push_back(scene.accepted(scene.listener));
  REQUIRE(scene.stage.run_until([&] { return bounded.warm().idle() == 2; }));
  scene.stage.settle();
  CHECK(rooms.warm.taken() == 2);
  CHECK_FALSE(readable(scene.listener.fd()));
  // Whoever takes one brings a descriptor of his own.
  scene.means = &bounded;
  scene.again(scene.port(), false, "");
  REQUIRE(scene.finished());
  CHECK(scene.outcome->warm);
  peers.push_back(scene.accepted(scene.listener));
  CHECK(scene.stage.run_until([&] { return bounded.warm().idle() == 2; }));
  bounded.rest();
  CHECK(scene.stage.run_until([&] { return rooms.warm.taken() == 0; }));
}

TEST_CASE("warm: the origin's answer reaches whoever has taken the connection") {
  WarmScene scene(Origin::Protocol::http, 1);
  scene.begin();
  auto peers = scene.peers(1);
  scene.request();
  REQUIRE(scene.outcome->warm);
  peers[0].send("HTTP/1.1 101");
  CHECK(scene.stage.run_until([&] { return scene.outcome->told.data == "HTTP/1.1 101"; }));
  peers[0].reset();
  CHECK(scene.stage.run_until([&] { return scene.outcome->told.failures == 1; }));
}

TEST_CASE("warm: for a protocol that follows the client's the first request begins it") {
  WarmScene scene(Origin::Protocol::follow);
  scene.begin();
  scene.stage.settle();
  CHECK_FALSE(readable(scene.listener.fd()));
  scene.request();
  CHECK_FALSE(scene.outcome->warm);
  CHECK(scene.paths.figures().warm_missed.value() == 1);
  const auto first = scene.accepted(scene.listener);
  const auto peers = scene.peers(2);
  scene.request();
  CHECK(scene.outcome->warm);
}

TEST_CASE("warm: TLS is ready, for each name and scheme by itself") {
  const TlsOrigin origin;
  WarmScene scene(Origin::Protocol::follow, 1);
  scene.config.origin.https_ports = {scene.port()};
  scene.pool.tls = origin.trusting();
  scene.begin();
  std::vector<std::unique_ptr<gateway::net::tls::TlsStream>> far;
  Recorder told;
  const auto serve = [&] {
    REQUIRE(scene.stage.run_until([&] { return readable(scene.listener.fd()); }));
    far.push_back(origin.serve(scene.stage, scene.listener.accept(), told));
  };
  scene.again(scene.port(), true);
  serve();
  REQUIRE(scene.finished());
  CHECK_FALSE(scene.outcome->warm);
  serve();
  REQUIRE(scene.stage.run_until([&] { return scene.idle() == 1; }));
  // The tickets that follow a handshake are read before anyone asks.
  scene.stage.settle();
  scene.again(scene.port(), true);
  REQUIRE(scene.finished());
  CHECK(scene.outcome->warm);
  scene.outcome->stream->write(proto::bytes_of("GET /"));
  CHECK(scene.stage.run_until([&] { return told.data == "GET /"; }));
  scene.again(scene.port(), false);
  REQUIRE(scene.finished());
  CHECK_FALSE(scene.outcome->warm);
}

TEST_CASE("warm: what the origin ends, speaks on or resets is dropped and made again") {
  for (const int how : {0, 1, 2, 3}) {
    CAPTURE(how);
    WarmScene scene(Origin::Protocol::http, 1);
    scene.begin();
    auto peers = scene.peers(1);
    // It has lived long enough not to count as a failure of the server.
    scene.stage.pass(1100ms);
    if (how == 0) peers[0].close();
    if (how == 1) peers[0].shut();
    if (how == 2) peers[0].send("HTTP/1.1 408 Request Timeout\r\n\r\n");
    if (how == 3) peers[0].reset();
    const RawPeer next = scene.accepted(scene.listener);
    CHECK(scene.stage.run_until([&] { return scene.idle() == 1; }));
  }
}

TEST_CASE("warm: a connection whose end has not been noticed yet is not given") {
  for (const bool speaks : {false, true}) {
    CAPTURE(speaks);
    WarmScene scene(Origin::Protocol::http, 1);
    scene.begin();
    auto peers = scene.peers(1);
    if (speaks) {
      peers[0].send("x");
    } else {
      peers[0].shut();
    }
    REQUIRE(scene.idle() == 1);
    CHECK_FALSE(scene.paths.warm().take(scene.pool, scene.server, {.port = scene.port()}, ""));
  }
}

TEST_CASE("warm: a request may ask for a fresh connection, and so does one that was there before") {
  WarmScene scene(Origin::Protocol::http, 1);
  scene.begin();
  const auto peers = scene.peers(1);
  scene.request([](Connector::Plan& plan) { plan.fresh = true; });
  CHECK_FALSE(scene.outcome->warm);
  scene.before.tried = {*gateway::net::Address::parse("10.0.0.9", 80)};
  scene.again(scene.port(), false, "");
  REQUIRE(scene.finished());
  CHECK_FALSE(scene.outcome->warm);
  CHECK(scene.idle() == 1);
}

TEST_CASE("warm: an old connection is replaced before the origin's own limit") {
  WarmScene scene;
  scene.config.origin.warm_idle = 1s;
  scene.begin();
  auto peers = scene.peers(2);
  scene.stage.pass(1100ms);
  CHECK(scene.has_ended(peers[0]));
  CHECK(scene.has_ended(peers[1]));
  CHECK(peers[0].error == 0);
  scene.peers(2);
}

TEST_CASE("warm: an origin that closes at once, or refuses, is left alone for longer and longer") {
  WarmScene scene(Origin::Protocol::http, 1);
  scene.begin();
  std::vector<std::chrono::milliseconds> times;
  REQUIRE(scene.stage.run_until([&] {
    if (readable(scene.listener.fd())) {
      RawPeer(scene.listener.accept()).close();
      times.push_back(scene.stage.loop.now());
    }
    return times.size() == 3;
  }));
  // A tick of the wheel and a turn of the loop may lie between cause and notice.
  CHECK(times[1] - times[0] > 900ms);
  CHECK(times[2] - times[1] > 1900ms);
}

TEST_CASE("warm: none for a server that is down or ejected") {
  WarmScene scene(Origin::Protocol::http, 1);
  for (const bool down : {true, false}) {
    CAPTURE(down);
    scene.paths.rest();
    scene.server.backend->up = !down;
    scene.server.backend->ejected_until = down ? 0 : 1;
    scene.begin();
    scene.stage.settle();
    CHECK_FALSE(readable(scene.listener.fd(), 20));
    scene.server.backend->up = true;
    scene.server.backend->ejected_until = 0;
    const auto peers = scene.peers(1);
  }
}

TEST_CASE("warm: none behind a PROXY header, nor for a server that is none of the domain's") {
  WarmScene scene(Origin::Protocol::http, 1);
  scene.config.origin.proxy_protocol = Origin::ProxyProtocol::v2;
  scene.begin();
  scene.stage.settle();
  CHECK_FALSE(readable(scene.listener.fd()));
  scene.config.origin.proxy_protocol = Origin::ProxyProtocol::off;
  scene.config.origin.protocol = Origin::Protocol::follow;
  const gateway::route::Server other = scene.server;
  CHECK_FALSE(scene.paths.warm().take(scene.pool, other, {.port = scene.port()}, ""));
  scene.stage.settle();
  CHECK_FALSE(readable(scene.listener.fd()));
}

TEST_CASE("warm: names that clients make up do not drive out each other") {
  const TlsOrigin origin;
  WarmScene scene(Origin::Protocol::https, 1);
  scene.pool.tls = origin.trusting();
  scene.config.origin.https_ports = {scene.port()};
  scene.begin();
  for (int i = 0; i < 20; ++i) {
    CHECK_FALSE(scene.paths.warm().take(scene.pool, scene.server,
                                        {.tls = true, .port = scene.port()},
                                        "n" + std::to_string(i) + ".example"));
  }
  size_t begun = 0;
  CHECK(scene.stage.run_until([&] {
    while (readable(scene.listener.fd())) {
      RawPeer(scene.listener.accept()).close();
      ++begun;
    }
    return begun == Warm::kMaxNames;
  }));
  scene.stage.settle();
  CHECK_FALSE(readable(scene.listener.fd(), 20));
}

TEST_CASE("warm: a reload keeps what it has not changed, and drops the rest") {
  struct Reload {
    const char* name;
    std::function<void(gateway::route::Snapshot&)> change;
    bool kept;
  };
  const Reload reloads[] = {
      {"nothing", [](gateway::route::Snapshot&) {}, true},
      {"another domain's",
       [](gateway::route::Snapshot& made) { pool_of(made).label = "other.example#/"; }, false},
      {"a time limit",
       [](gateway::route::Snapshot& made) {
         made.document.domains.front().origin.connect_timeout = 9s;
       },
       false},
      {"the server",
       [](gateway::route::Snapshot& made) {
         pool_of(made).servers.front().host = "127.0.0.2";
         pool_of(made).servers.front().address = gateway::net::Address::parse("127.0.0.2", 0);
       },
       false},
  };
  for (const Reload& reload : reloads) {
    CAPTURE(reload.name);
    WarmScene scene(Origin::Protocol::http, 1);
    scene.begin();
    auto peers = scene.peers(1);
    auto next = ConnectScene::make_snapshot();
    next->document.domains.front() = scene.config;
    pool_of(*next).label = scene.pool.label;
    pool_of(*next).servers = scene.pool.servers;
    reload.change(*next);
    scene.paths.use(change_to(next, scene.snapshot));
    scene.stage.settle();
    peers[0].read();
    CHECK(peers[0].ended != reload.kept);
    if (!reload.kept) continue;
    // The old configuration's sessions make their own.
    CHECK_FALSE(scene.paths.warm().take(scene.pool, scene.server, {.port = scene.port()}, ""));
    CHECK(scene.paths.warm().take(pool_of(*next), pool_of(*next).servers.front(),
                                  {.port = scene.port()}, ""));
  }
}

TEST_CASE("warm: a reload makes what is encrypted anew where the files of TLS say something else") {
  const TlsOrigin origin;
  WarmScene scene(Origin::Protocol::https, 1);
  scene.config.origin.https_ports = {scene.port()};
  scene.config.origin.sni = "origin.example";
  scene.pool.tls = origin.trusting();
  std::vector<std::unique_ptr<gateway::net::tls::TlsStream>> far;
  std::vector<std::unique_ptr<Recorder>> told;
  const auto stands = [&] {
    REQUIRE(scene.stage.run_until([&] { return readable(scene.listener.fd()); }));
    told.push_back(std::make_unique<Recorder>());
    far.push_back(origin.serve(scene.stage, scene.listener.accept(), *told.back()));
    REQUIRE(scene.stage.run_until([&] { return scene.idle() == 1; }));
  };
  auto now = scene.snapshot;
  const auto reload = [&](gateway::net::tls::SharedSslContext tls) {
    auto next = ConnectScene::make_snapshot();
    next->document.domains.front() = scene.config;
    pool_of(*next).label = scene.pool.label;
    pool_of(*next).servers = scene.pool.servers;
    pool_of(*next).tls = std::move(tls);
    scene.paths.use(change_to(next, std::exchange(now, next)));
  };
  scene.begin();
  stands();
  reload(scene.pool.tls);
  scene.stage.settle();
  CHECK(told[0]->ends + told[0]->failures == 0);
  CHECK(scene.idle() == 1);

  reload(origin.trusting());
  stands();
  CHECK(scene.stage.run_until([&] { return told[0]->ends + told[0]->failures > 0; }));
  scene.paths.rest();
  CHECK(scene.idle() == 0);
  CHECK(scene.paths.figures().warm_idle.value() == 0);
  CHECK(scene.stage.run_until([&] { return told[1]->ends + told[1]->failures > 0; }));
}
