#include "gateway/server/drain.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/edge_stage.h"
#include "tests/support/frames.h"

using namespace tests;
using namespace std::chrono_literals;
using gateway::outcome::By;
using gateway::outcome::Cause;
using gateway::server::Drain;

namespace {

void with_echo(gateway::config::Document& document) {
  document.domains[0].origin.builtin = gateway::config::Origin::Builtin::echo;
  document.domains[0].origin.servers.clear();
}

struct Scene {
  explicit Scene(const EdgeStage::Change& change = with_echo) : stage(change) {}
  void open_sessions(size_t count) {
    while (peers.size() < count) {
      peers.push_back(stage.client(upgrade_request()));
      REQUIRE(stage.has(peers.back(), "\r\n\r\n"));
      peers.back().received.clear();
    }
    REQUIRE(stage.table.size() == count);
  }
  void begin(Drain::Plan plan, std::chrono::milliseconds last_call = 0ms) {
    plan.last_call = last_call;
    drain.emplace(
        Drain::Lent{stage.stage.loop, stage.table, stage.clients, stage.idle_clients, pacer}, plan,
        Drain::Steps{.shut_doors = [this] { ++shut; }, .drained = [this] { ++drained; }});
  }
  size_t closing() {
    size_t count = 0;
    for (size_t i = 0; i < stage.table.size(); ++i) {
      count += stage.table.at(i).relay().closing() ? 1 : 0;
    }
    return count;
  }
  uint64_t ends() {
    return stage.counters()
        .closed[static_cast<size_t>(By::gateway)][static_cast<size_t>(Cause::drain)]
        .value();
  }

  EdgeStage stage;
  std::vector<RawPeer> peers;
  gateway::server::Pacer pacer{stage.stage.loop.wheel(), stage.table, stage.registry.worker(0)};
  std::optional<Drain> drain;
  int shut = 0;
  int drained = 0;
};

}  // namespace

TEST_CASE("drain: with nothing open it is done at once") {
  Scene scene;
  scene.begin({.timeout = 30s, .close_rate = std::nullopt});
  CHECK(scene.drained == 1);
}

TEST_CASE("drain: every client is told 1012 and why, and it is done when all have gone") {
  Scene scene;
  scene.open_sessions(3);
  scene.begin({.timeout = 30s, .close_rate = std::nullopt});
  CHECK(scene.drained == 0);
  scene.stage.pass(25s);
  const auto close = client_close(proto::ws::CloseCode::service_restart);
  for (RawPeer& peer : scene.peers) {
    REQUIRE(scene.stage.has(peer, "the gateway is restarting"));
    const auto frames = read_frames(proto::bytes_of(peer.received), proto::ws::Sender::server);
    REQUIRE(frames.size() == 1);
    CHECK(frames[0].code() == proto::ws::CloseCode::service_restart);
    CHECK(frames[0].reason() == "the gateway is restarting");
    peer.send(proto::text_of(close));
  }
  CHECK(scene.stage.until([&] { return scene.drained > 0; }));
  CHECK(scene.drained == 1);
  CHECK(scene.ends() == 3);
}

TEST_CASE("drain: close_rate spreads the ends") {
  Scene scene;
  scene.open_sessions(4);
  scene.begin({.timeout = 30s, .close_rate = 10.0});
  CHECK(scene.closing() == 1);
  scene.stage.pass(60ms);
  CHECK(scene.closing() == 1);
  scene.stage.pass(60ms);
  CHECK(scene.closing() == 2);
  scene.stage.pass(200ms);
  CHECK(scene.closing() == 4);
  CHECK(scene.drained == 0);
}

TEST_CASE("drain: after the timeout whoever is left is cut") {
  Scene scene;
  scene.open_sessions(5);
  scene.begin({.timeout = 1s, .close_rate = 1.0});
  CHECK(scene.closing() == 1);
  scene.stage.pass(1100ms);
  CHECK(scene.stage.table.size() == 0);
  CHECK(scene.drained == 1);
  CHECK(scene.ends() == 5);
  for (RawPeer& peer : scene.peers) {
    REQUIRE(readable(peer.fd(), 5000));
    peer.read();
    // Told, also in the last moment.
    CHECK(peer.received.find("the gateway is restarting") != std::string::npos);
  }
}

TEST_CASE("drain: no time at all") {
  Scene scene;
  scene.open_sessions(2);
  scene.begin({.timeout = 0s, .close_rate = std::nullopt});
  CHECK(scene.drained == 1);
  CHECK(scene.ends() == 2);
}

TEST_CASE("drain: waits for a handshake that is under way, but not beyond the timeout") {
  Scene scene{EdgeStage::Change{}};
  RawPeer client = scene.stage.client(upgrade_request());
  const RawPeer origin = scene.stage.asked();
  scene.begin({.timeout = 5s, .close_rate = std::nullopt});
  scene.stage.pass(4s);
  CHECK(scene.drained == 0);
  CHECK(scene.stage.clients.size() == 1);
  scene.stage.pass(2s);
  CHECK(scene.drained == 1);
  CHECK(scene.stage.clients.size() == 0);
}

TEST_CASE("FY16 drain: the doors are shut after a last call, and nothing is over before") {
  Scene scene;
  scene.begin({.timeout = 30s, .close_rate = std::nullopt}, 250ms);
  scene.stage.pass(200ms);
  CHECK(scene.shut == 0);
  CHECK(scene.drained == 0);
  scene.stage.pass(100ms);
  CHECK(scene.shut == 1);
  CHECK(scene.drained == 1);
  // Not longer than there is time at all, nor when the second signal comes.
  Scene hurried;
  hurried.begin({.timeout = 0s, .close_rate = std::nullopt}, 250ms);
  CHECK(hurried.shut == 1);
  CHECK(hurried.drained == 1);
  Scene cut;
  cut.open_sessions(1);
  cut.begin({.timeout = 30s, .close_rate = std::nullopt}, 250ms);
  cut.drain->abort();
  CHECK(cut.shut == 1);
  cut.stage.pass(300ms);
  CHECK(cut.shut == 1);
  CHECK(cut.drained == 1);
}

TEST_CASE("FY24 drain: auto is spread over the time that there is, however few they are") {
  Scene scene;
  scene.open_sessions(5);
  scene.begin({.timeout = 10s, .close_rate = std::nullopt});
  CHECK(scene.closing() == 1);
  scene.stage.pass(2500ms);
  CHECK(scene.closing() == 3);
  scene.stage.pass(2500ms);
  CHECK(scene.closing() == 5);
}

TEST_CASE("drain: the second signal ends all at once") {
  Scene scene;
  scene.open_sessions(3);
  scene.begin({.timeout = 30s, .close_rate = 1.0});
  scene.drain->abort();
  CHECK(scene.stage.table.size() == 0);
  CHECK(scene.ends() == 3);
  scene.stage.pass(100ms);
  CHECK(scene.drained == 1);
}

namespace {

// So many connections that wait for their client's next request.
void rest_clients(Scene& scene, size_t count) {
  while (scene.peers.size() < count) {
    scene.peers.push_back(scene.stage.client("GET / HTTP/1.1\r\nHost: nobody.example.com\r\n\r\n"));
    REQUIRE(scene.stage.has(scene.peers.back(), "\r\n\r\n"));
  }
  REQUIRE(scene.stage.idle_clients.size() == count);
}

}  // namespace

TEST_CASE("E9 drain: idle connections are let go evenly over the time that sessions have") {
  Scene scene;
  rest_clients(scene, 40);
  scene.begin({.timeout = 2s, .close_rate = std::nullopt});  // 1 s, in steps of 50 ms
  CHECK(scene.stage.idle_clients.size() == 38);
  scene.stage.pass(500ms);
  const size_t half = scene.stage.idle_clients.size();
  CHECK(half > 10);
  CHECK(half < 38);
  for (int step = 0; step < 12; ++step) scene.stage.pass(50ms);
  CHECK(scene.stage.idle_clients.size() == 0);
  for (RawPeer& peer : scene.peers) {
    REQUIRE(scene.stage.answered(peer));
    CHECK(peer.error == 0);
    peer.close();
  }
  CHECK(scene.stage.until([&] { return scene.drained > 0; }));
}

TEST_CASE("E9 drain: close_rate paces idle connections, too") {
  Scene scene;
  rest_clients(scene, 3);
  scene.begin({.timeout = 30s, .close_rate = 10.0});
  CHECK(scene.stage.idle_clients.size() == 2);
  scene.stage.pass(60ms);
  CHECK(scene.stage.idle_clients.size() == 2);
  scene.stage.pass(60ms);
  CHECK(scene.stage.idle_clients.size() == 1);
}

TEST_CASE("E9 drain: an idle connection stays while a request may be on its way") {
  Scene scene;
  rest_clients(scene, 3);
  scene.begin({.timeout = 2s, .close_rate = std::nullopt}, 250ms);
  CHECK(scene.stage.idle_clients.size() == 3);
  scene.stage.pass(200ms);
  CHECK(scene.stage.idle_clients.size() == 3);
  for (int step = 0; step < 20; ++step) scene.stage.pass(50ms);
  CHECK(scene.stage.idle_clients.size() == 0);
}

TEST_CASE("E9 drain: a request that has come to an idle connection is answered") {
  Scene scene;
  rest_clients(scene, 1);
  RawPeer& peer = scene.peers[0];
  peer.received.clear();
  peer.send("GET / HTTP/1.1\r\nHost: nobody.example.com\r\n\r\n");
  scene.stage.idle_clients.let_go(1, gateway::edge::LetGo::gently);
  CHECK(scene.stage.has(peer, "HTTP/1.1 404 "));
  CHECK(peer.error == 0);
}
