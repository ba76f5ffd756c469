#include "gateway/server/worker.h"

#include <future>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/gateway/server/metered_building.h"
#include "tests/support/frames.h"
#include "tests/support/handshakes.h"
#include "tests/support/loop_stage.h"
#include "tests/support/waiting.h"

using namespace tests;
using namespace std::chrono_literals;
using gateway::server::Worker;

namespace {

// Waits, as the worker has a thread of its own.
bool await(RawPeer& peer, std::string_view text) {
  while (peer.received.find(text) == std::string::npos) {
    if (peer.ended || peer.error != 0 || !readable(peer.fd(), 10'000)) return false;
    peer.read();
  }
  return true;
}
bool await_end(RawPeer& peer) {
  while (!peer.ended && peer.error == 0) {
    if (!readable(peer.fd(), 10'000)) return false;
    peer.read();
  }
  return true;
}

struct WorkerScene {
  explicit WorkerScene(const std::string& domains = std::string(kEchoDomain))
      : common{building.registry, admission,     scribe, metered.metering, names,
               idle_rooms,        own_listeners, trim},
        snapshot(building.snapshot(domains)),
        worker(std::make_unique<Worker>(0, common,
                                        gateway::route::change_between(nullptr, snapshot))) {
    worker->start();
    open();
  }
  void open() {
    std::vector<gateway::net::UniqueFd> fds;
    const auto wanted = address.value_or(*gateway::net::Address::parse("127.0.0.1", 0));
    REQUIRE_FALSE(gateway::net::open_listeners(wanted, 1, true, fds));
    address = gateway::net::Address::local_of(fds.front().get());
    worker->open("web", "web", false, std::move(fds.front()));
  }
  // As a reload does.
  void use(const std::string& domains, std::function<void()> taken = {}) {
    auto next = building.snapshot(domains, *snapshot);
    worker->use(std::make_shared<const gateway::route::Change>(
                    gateway::route::change_between(snapshot, next)),
                std::move(taken));
    snapshot = std::move(next);
  }
  RawPeer session() {
    RawPeer peer = connect_to(*address);
    peer.send(upgrade_request());
    REQUIRE(await(peer, "\r\n\r\n"));
    REQUIRE(status_of(peer.received) == 101);
    return peer;
  }
  // Posts are done in their order, but an accept may overtake them: once a listener that was opened
  // last serves, all that was asked of the worker before is done.
  void await_posts() {
    std::vector<gateway::net::UniqueFd> fds;
    REQUIRE_FALSE(
        gateway::net::open_listeners(*gateway::net::Address::parse("127.0.0.1", 0), 1, false, fds));
    const auto other = *gateway::net::Address::local_of(fds.front().get());
    worker->open("other", "other", false, std::move(fds.front()));
    RawPeer probe = connect_to(other);
    probe.send(upgrade_request());
    REQUIRE(await(probe, "\r\n\r\n"));
  }
  gateway::metrics::Listener& gate() { return *building.registry.listener("web")[0]; }

  MeteredBuilding metered;
  Building& building = metered.building;
  gateway::net::dns::KnownNames names;
  gateway::origin::IdleRooms idle_rooms;
  gateway::net::OwnListeners own_listeners;
  gateway::server::TrimPace trim;
  gateway::net::Admission admission;
  gateway::session::Scribe scribe;
  gateway::server::Common common;
  std::shared_ptr<const gateway::route::Snapshot> snapshot;
  std::unique_ptr<Worker> worker;
  std::optional<gateway::net::Address> address;
};

const std::string kHello = [] {
  const auto octets = from_client(proto::ws::Opcode::text, "hello");
  return std::string(octets.begin(), octets.end());
}();

}  // namespace

TEST_CASE("worker: serves sessions from its own thread, and ends them with itself") {
  WorkerScene scene;
  RawPeer peer = scene.session();
  peer.send(kHello);
  CHECK(await(peer, "hello"));
  scene.worker.reset();
  CHECK(await_end(peer));
  CHECK(scene.admission.held() == 0);
}

TEST_CASE("worker: one that was never started goes in silence") {
  MeteredBuilding metered;
  Building& building = metered.building;
  gateway::net::Admission admission;
  const gateway::session::Scribe scribe;
  gateway::net::dns::KnownNames names;
  gateway::origin::IdleRooms idle_rooms;
  const gateway::net::OwnListeners own_listeners;
  gateway::server::TrimPace trim;
  const Worker worker(
      0,
      {building.registry, admission, scribe, metered.metering, names, idle_rooms, own_listeners,
       trim},
      gateway::route::change_between(nullptr, building.snapshot(std::string(kEchoDomain))));
}

TEST_CASE(
    "worker: a closed listener takes nobody, its sessions live on, and it can be opened again") {
  WorkerScene scene;
  RawPeer peer = scene.session();
  scene.worker->close("web");
  scene.worker->close("never opened");
  scene.await_posts();
  CHECK_FALSE(connect_to(*scene.address));
  peer.send(kHello);
  CHECK(await(peer, "hello"));
  scene.open();
  RawPeer again = scene.session();
  CHECK(scene.gate().accepted.value() == 2);
}

TEST_CASE("worker: a new snapshot is for new sessions") {
  WorkerScene scene;
  RawPeer old = scene.session();
  scene.use(
      "  - domain: other.example.com\n    websocket: { enabled: true }\n"
      "    origin: { builtin: echo }\n");
  scene.await_posts();
  RawPeer next = connect_to(*scene.address);
  next.send(upgrade_request());
  REQUIRE(await_end(next));
  CHECK(status_of(next.received) == 404);
  old.send(kHello);
  CHECK(await(old, "hello"));
}

TEST_CASE("worker: on_disable says what becomes of the sessions of a domain that is switched off") {
  for (const bool drains : {false, true}) {
    CAPTURE(drains);
    WorkerScene scene;
    RawPeer peer = scene.session();
    peer.received.clear();
    scene.use(
        "  - domain: chat.example.com\n    origin: { builtin: echo }\n"
        "    websocket: { enabled: false, on_disable: " +
        std::string(drains ? "drain" : "keep") + " }\n");
    scene.worker->look_at_sessions();
    peer.send(kHello);
    if (!drains) {
      CHECK(await(peer, "hello"));
      continue;
    }
    REQUIRE(await(peer, "WebSocket was switched off"));
    const auto at = peer.received.find("WebSocket");
    const auto frames = read_frames(proto::bytes_of(peer.received), proto::ws::Sender::server);
    CHECK(at != std::string::npos);
    CHECK(frames.back().code() == proto::ws::CloseCode::going_away);
  }
}

TEST_CASE("worker: a drain closes silent clients, tells the sessions, and says when it is done") {
  WorkerScene scene;
  RawPeer silent = connect_to(*scene.address);
  RawPeer peer = scene.session();
  peer.received.clear();
  std::promise<void> drained;
  scene.worker->drain({.timeout = 20s, .close_rate = std::nullopt}, [&] { drained.set_value(); });
  CHECK(await_end(silent));
  REQUIRE(await(peer, "the gateway is restarting"));
  const auto close = client_close(proto::ws::CloseCode::service_restart);
  peer.send(proto::text_of(close));
  CHECK(drained.get_future().wait_for(patience()) == std::future_status::ready);
  CHECK_FALSE(connect_to(*scene.address));
  CHECK(scene.admission.held() == 0);
}

TEST_CASE("worker: an abort ends a drain that clients hold up") {
  WorkerScene scene;
  RawPeer peer = scene.session();
  scene.worker->abort();  // without a drain: nothing
  std::promise<void> drained;
  scene.worker->drain({.timeout = 3600s, .close_rate = std::nullopt}, [&] { drained.set_value(); });
  REQUIRE(await(peer, "the gateway is restarting"));
  scene.worker->abort();
  CHECK(drained.get_future().wait_for(patience()) == std::future_status::ready);
  CHECK(await_end(peer));
}

TEST_CASE("FX16 worker: memory is given back at most once in ten seconds, whoever asks") {
  gateway::server::TrimPace pace;
  CHECK(pace.take_turn(5s));
  CHECK_FALSE(pace.take_turn(5s));
  CHECK_FALSE(pace.take_turn(14'999ms));
  CHECK(pace.take_turn(15s));
  CHECK_FALSE(pace.take_turn(15s));
}

TEST_CASE("FX16 worker: what is posted to it counts in its turns, and asking changes nothing") {
  WorkerScene scene;
  CHECK(scene.worker->turns().lag() < 10);
  scene.await_posts();
  const auto turns = scene.worker->turns().turns();
  uint64_t count = 0;
  for (const uint64_t one : turns) count += one;
  CHECK(count > 0);
  const double lag = scene.worker->turns().lag();
  CHECK(lag > 0);
  // Another turn may have been longer meanwhile, but none is forgotten.
  CHECK(scene.worker->turns().lag() >= lag);
}

TEST_CASE("worker: lets the change go before it tells that it has taken it") {
  WorkerScene scene;
  auto next = scene.building.snapshot(std::string(kEchoDomain), *scene.snapshot);
  auto change = std::make_shared<const gateway::route::Change>(
      gateway::route::change_between(scene.snapshot, next));
  const std::weak_ptr<const gateway::route::Change> seen = change;
  std::promise<bool> gone;
  scene.worker->use(std::move(change), [&] { gone.set_value(seen.expired()); });
  CHECK(gone.get_future().get());
}
