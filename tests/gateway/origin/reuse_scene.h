// Connections to an origin that the test plays, from one request to the next.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "gateway/origin/reuse.h"
#include "tests/gateway/origin/connect_scene.h"

namespace tests {

namespace reusing {

using namespace gateway::origin;

inline Spoken clean_get() {
  return {.method = "GET", .request_whole = true, .status = 200, .answer_whole = true};
}

struct ReuseScene : ConnectScene {
  ReuseScene() {
    config.origin.protocol = gateway::config::Origin::Protocol::http;
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

}  // namespace reusing

}  // namespace tests
