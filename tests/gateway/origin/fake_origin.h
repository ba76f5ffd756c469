// An origin that the test plays: it accepts whatever comes and answers as it is told.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "proto/ws/handshake.h"
#include "tests/support/loop_stage.h"

namespace tests {

class FakeOrigin {
 public:
  // What is sent when a request head is whole; empty: nothing ever.
  using Answer = std::function<std::string(const std::string& request)>;

  explicit FakeOrigin(Answer answer = {}) : answer_(std::move(answer)) {
    int on = 1;
    ::ioctl(listener_.fd(), FIONBIO, &on);
  }

  uint16_t port() const { return listener_.address().port(); }

  // Accepts, reads and answers what is there; called between the turns of the loop.
  void serve() {
    while (accepting_) {
      gateway::net::UniqueFd fd(
          ::accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (!fd) break;
      ++accepted;
      clients.push_back(gateway::net::Address::peer_of(fd.get())->host());
      peers_.push_back({RawPeer(std::move(fd)), false});
    }
    for (One& one : peers_) serve(one);
  }
  void stop_accepting() { accepting_ = false; }
  void close_all() { peers_.clear(); }

  void answer_with(Answer answer) { answer_ = std::move(answer); }
  void close_after_answer() { closes_ = true; }
  void answer_close_with(std::string frame) { close_frame_ = std::move(frame); }

  // What came after the request of the last connection.
  std::string last_rest() const { return rest_; }

  int accepted = 0;
  std::vector<std::string> clients;  // their addresses
  std::vector<std::string> requests;

 private:
  struct One {
    RawPeer peer;
    bool answered = false;
  };

  void serve(One& one) {
    if (!one.peer) return;
    one.peer.read();
    const size_t end = one.peer.received.find("\r\n\r\n");
    if (end == std::string::npos) return;
    if (one.answered) {
      rest_ = one.peer.received.substr(end + 4);
      if (!rest_.empty() && !close_frame_.empty()) one.peer.send(close_frame_);
      return;
    }
    one.answered = true;
    requests.push_back(one.peer.received.substr(0, end + 4));
    if (!answer_) return;
    one.peer.send(answer_(requests.back()));
    if (closes_) one.peer.close();
  }

  RawListener listener_;
  bool accepting_ = true;
  bool closes_ = false;
  Answer answer_;
  std::string close_frame_;
  std::string rest_;
  std::list<One> peers_;
};

inline std::string status_answer(int status) {
  return "HTTP/1.1 " + std::to_string(status) + " Whatever\r\nContent-Length: 0\r\n\r\n";
}

inline std::string field_of(const std::string& head, const std::string& name) {
  const size_t at = head.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const size_t begin = at + name.size() + 4;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

inline std::string upgrade_answer(const std::string& request) {
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Accept: " +
         proto::ws::accept_for(field_of(request, "Sec-WebSocket-Key")) + "\r\n\r\n";
}

}  // namespace tests
