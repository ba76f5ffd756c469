// A worker's edge without its thread: a listener with real sockets, and an origin in the test's
// hand.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "gateway/edge/listener.h"
#include "gateway/edge/surroundings.h"
#include "tests/support/building.h"
#include "tests/support/handshakes.h"
#include "tests/support/loop_stage.h"
#include "tests/support/waiting.h"

namespace tests {

class EdgeStage {
 public:
  using Change = std::function<void(gateway::config::Document&)>;

  // One domain, chat.example.com, whose only server is `origin`; `change` makes more of it.
  explicit EdgeStage(const Change& change = {}, gateway::log::AccessLog* access = nullptr) {
    scribe.access = access;
    snapshot_ = build(change);
    surroundings.snapshot = snapshot_;
  }
  EdgeStage(const EdgeStage&) = delete;
  EdgeStage& operator=(const EdgeStage&) = delete;
  ~EdgeStage() {
    scribe.access = nullptr;  // the test may have ended the log
    while (clients.size() > 0) clients.at(0).abort();
    listener_.reset();
    while (table.size() > 0) table.at(0).abort();
    stage.loop.retirement().clear();
  }

  // A client that has connected, and what it says first.
  RawPeer client(std::string_view text = {}) {
    if (!listener_) open(false);
    RawPeer peer = connect_to(address_, receive_buffer);
    peer.send(text);
    return peer;
  }
  RawPeer tls_client() {
    if (!listener_) open(true);
    return connect_to(address_);
  }
  void stop_listening() { listener_->stop(); }
  void take_no_more() { listener_->take_no_more(); }
  const gateway::net::Address& address() const { return address_; }  // once there is a client

  bool until(const std::function<bool()>& happened) { return stage.run_until(happened); }
  bool has(RawPeer& peer, std::string_view text) {
    return until([&] {
      peer.read();
      return peer.received.find(text) != std::string::npos;
    });
  }
  // The whole answer is there, and the connection closed.
  bool answered(RawPeer& peer) {
    return until([&] {
      peer.read();
      return peer.ended || peer.error != 0;
    });
  }
  // The request has come to the origin's end of a connection.
  RawPeer asked() { return asked(origin); }
  RawPeer asked(const RawListener& at) {
    REQUIRE(until([&] { return readable(at.fd()); }));
    RawPeer peer(at.accept());
    REQUIRE(has(peer, "\r\n\r\n"));
    return peer;
  }
  // Every deadline within that time is due now. The loop has no further turn after it.
  void pass(std::chrono::milliseconds time) { stage.pass(time); }

  gateway::metrics::Domain& counters() { return *registry.domain("chat.example.com")[0]; }
  uint64_t answers(int status) {
    return counters().handshakes[gateway::metrics::status_slot(status)].value();
  }
  uint64_t unmatched_answers(int status) {
    return surroundings.unmatched->handshakes[gateway::metrics::status_slot(status)].value();
  }
  // At all servers.
  uint64_t origin_failures(gateway::outcome::Cause cause) {
    // Servers of one name share what is known of them.
    std::set<const gateway::route::Backend*> all;
    for (const auto* pool : snapshot_->pools) {
      for (const auto& server : pool->servers) all.insert(server.backend.get());
    }
    uint64_t sum = 0;
    for (const auto* backend : all) sum += backend->failures[static_cast<size_t>(cause)].load();
    return sum;
  }
  gateway::metrics::Listener& gate() { return *registry.listener("public")[0]; }

  // For clients to come: how much the kernel holds for them; 0: as much as it likes. Set before the
  // first.
  int send_buffer = 0;
  int receive_buffer = 0;

  LoopStage stage;
  RawListener origin;
  Building building;
  gateway::metrics::Registry& registry = building.registry;
  gateway::usage::meter::Books& meters = building.meters;
  gateway::session::Scribe scribe{.access = nullptr, .node = "node-1", .boot_id = "boot-1"};
  gateway::net::dns::Resolver resolver{stage.loop};
  gateway::origin::PoolStates pools{1};
  gateway::origin::Authenticator authenticator;
  gateway::net::Admission admission;
  gateway::net::Roster<gateway::edge::ClientConnection> clients{stage.loop.retirement()};
  gateway::session::Table table{stage.loop.retirement()};
  gateway::edge::Surroundings surroundings{.loop = stage.loop,
                                           .origins = {.loop = stage.loop,
                                                       .resolver = resolver,
                                                       .pools = pools,
                                                       .authenticator = authenticator},
                                           .sessions = {.wheel = stage.loop.wheel(),
                                                        .table = table,
                                                        .scribe = scribe,
                                                        .figures = registry.worker(0),
                                                        .book = meters.book(0),
                                                        .records = nullptr,
                                                        .interim = std::chrono::minutes(5),
                                                        .worker = 0},
                                           .clients = clients,
                                           .admission = admission,
                                           .snapshot = nullptr,
                                           .unmatched = registry.domain("_unmatched")[0],
                                           .unmatched_meter = meters.domain("_unmatched")[0]};

 private:
  std::shared_ptr<const gateway::route::Snapshot> build(const Change& change) {
    gateway::config::Document document;
    document.node = "node-1";
    gateway::config::Domain chat;
    chat.names = {"chat.example.com"};
    chat.websocket.enabled = true;
    chat.origin.servers = {{.host = "127.0.0.1", .port = origin.address().port(), .place = {}}};
    document.domains.push_back(chat);
    if (change) change(document);
    auto built = building.build(std::move(document), 7);
    REQUIRE(built.has_value());
    return *built;
  }

  void open(bool tls) {
    std::vector<gateway::net::UniqueFd> fds;
    const auto any = *gateway::net::Address::parse("127.0.0.1", 0);
    REQUIRE_FALSE(gateway::net::open_listeners(any, 1, false, fds));
    address_ = *gateway::net::Address::local_of(fds.front().get());
    // What is accepted inherits it.
    if (send_buffer != 0) {
      ::setsockopt(fds.front().get(), SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer);
    }
    listener_ = std::make_unique<gateway::edge::Listener>(
        surroundings, gateway::edge::Entrance{.name = "public", .tls = tls, .counters = gate()});
    listener_->accept_on(std::move(fds.front()));
  }

  std::shared_ptr<const gateway::route::Snapshot> snapshot_;
  std::unique_ptr<gateway::edge::Listener> listener_;
  gateway::net::Address address_;
};

}  // namespace tests
