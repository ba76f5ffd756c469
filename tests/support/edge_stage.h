// A worker's edge without its thread: a listener with real sockets, and an origin in the test's
// hand.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "gateway/edge/listener.h"
#include "tests/support/handshakes.h"
#include "tests/support/waiting.h"
#include "tests/support/worker_scene.h"

namespace tests {

class EdgeStage : public WorkerScene {
 public:
  using Change = std::function<void(gateway::config::Document&)>;

  // One domain, chat.example.com, whose only server is `origin`; `change` makes more of it.
  explicit EdgeStage(const Change& change = {}, gateway::log::AccessLog* access = nullptr)
      : WorkerScene(access) {
    gateway::config::Document document;
    document.node = "node-1";
    gateway::config::Domain chat;
    chat.names = {"chat.example.com"};
    chat.websocket.enabled = true;
    chat.origin.servers = {{.host = "127.0.0.1", .port = origin.address().port(), .place = {}}};
    document.domains.push_back(chat);
    if (change) change(document);
    use(std::move(document));
  }
  // The listener goes before what it uses, and after the clients that came in by it.
  ~EdgeStage() { end_all(); }

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

  // For clients to come: how much the kernel holds for them; 0: as much as it likes. Set before the
  // first.
  int send_buffer = 0;
  int receive_buffer = 0;

  RawListener origin;

 private:
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
        context, gateway::edge::Entrance{.name = "public", .tls = tls, .counters = gate()});
    listener_->accept_on(std::move(fds.front()));
  }

  std::unique_ptr<gateway::edge::Listener> listener_;
  gateway::net::Address address_;
};

}  // namespace tests
