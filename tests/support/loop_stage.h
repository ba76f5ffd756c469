// A real loop over loopback sockets, turned by the test until something has happened.
#pragma once

#include <arpa/inet.h>
#include <array>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <functional>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "gateway/net/acceptor.h"
#include "gateway/net/address.h"
#include "gateway/net/loop.h"
#include "gateway/net/stream.h"
#include "gateway/net/unique_fd.h"
#include "tests/support/patience.h"

namespace tests {

// Turns a loop whose clock stands still while there is anything to do: a millisecond passes when
// nothing has happened for one. So a busy machine stretches time instead of ending it, and no
// deadline of the tested code is missed because the test was not given the processor.
class LoopStage {
 public:
  // False: it has not happened, and the test's patience is over.
  [[nodiscard]] bool run_until(const std::function<bool()>& happened) {
    const auto limit = std::chrono::steady_clock::now() + patience();
    while (!happened()) {
      if (std::chrono::steady_clock::now() > limit) return false;
      loop.turn();
      // What is due already happens before the wait: it may be all there is to wait for.
      if (!happened() && !waits_for_event()) clock_ += std::chrono::milliseconds(1);
    }
    return true;
  }
  // Whatever is ready now happens, in a few turns.
  void settle() {
    for (int turns = 0; turns < 20; ++turns) {
      bool posted = false;
      loop.post([&posted] { posted = true; });
      static_cast<void>(run_until([&] { return posted; }));
    }
  }
  // All that is due within this time happens, with no time for peers in between.
  void pass(std::chrono::milliseconds time) {
    clock_ += time;
    loop.turn();
  }

 private:
  // Up to a millisecond of real time. False: nothing has come.
  bool waits_for_event() {
    const int most = loop.longest_wait() == std::chrono::milliseconds(0) ? 0 : 1;
    pollfd one{.fd = loop.poller().fd(), .events = POLLIN, .revents = 0};
    return ::poll(&one, 1, most) > 0 || most == 0;
  }

  std::chrono::milliseconds clock_{1'000'000};

 public:
  gateway::net::Loop loop{&clock_};
};

inline gateway::net::UniqueFd non_blocking(gateway::net::UniqueFd fd) {
  int on = 1;
  ::ioctl(fd.get(), FIONBIO, &on);
  return fd;
}

// The other end of a connection: a plain socket in the test's hand.
class RawPeer {
 public:
  RawPeer() = default;
  explicit RawPeer(gateway::net::UniqueFd fd) : fd_(std::move(fd)) {}

  int fd() const { return fd_.get(); }
  explicit operator bool() const { return static_cast<bool>(fd_); }
  // All of it, or as much as the kernel takes at once.
  size_t send(std::string_view text) {
    const ssize_t sent = ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent < 0 ? 0 : static_cast<size_t>(sent);
  }
  // Adds what has come to `received`.
  void read() {
    std::array<char, 65536> buffer{};
    while (!ended && error == 0) {
      const ssize_t count = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (count > 0) received.append(buffer.data(), static_cast<size_t>(count));
      if (count == 0) ended = true;
      if (count < 0 && errno == EAGAIN) return;
      if (count < 0) error = errno;
    }
  }
  void shut() { ::shutdown(fd_.get(), SHUT_WR); }
  void close() { fd_.reset(); }
  void reset() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    fd_.reset();
  }

  std::string received;
  bool ended = false;  // the other side has sent its FIN
  int error = 0;       // errno of a read

 private:
  gateway::net::UniqueFd fd_;
};

// A listening socket on a free port of 127.0.0.1.
class RawListener {
 public:
  RawListener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const auto any = *gateway::net::Address::parse("127.0.0.1", 0);
    [[maybe_unused]] const int bound = ::bind(fd_.get(), any.get(), any.size());
    [[maybe_unused]] const int listening = ::listen(fd_.get(), 16);
    assert(bound == 0 && listening == 0);
  }
  gateway::net::Address address() const { return *gateway::net::Address::local_of(fd_.get()); }
  int fd() const { return fd_.get(); }
  // Waits for a connection that is there or on its way.
  gateway::net::UniqueFd accept() const {
    return gateway::net::UniqueFd(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }

 private:
  gateway::net::UniqueFd fd_;
};

inline RawPeer connect_to(const gateway::net::Address& address, int receive_buffer = 0) {
  gateway::net::UniqueFd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (receive_buffer != 0) {
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  if (::connect(fd.get(), address.get(), address.size()) != 0) return {};
  return RawPeer(std::move(fd));
}

struct Connection {
  gateway::net::UniqueFd ours;  // non-blocking
  RawPeer peer;
};

// A TCP connection over loopback; a small receive buffer makes the peer's window narrow.
inline Connection make_connection(int receive_buffer = 0) {
  const RawListener listener;
  RawPeer peer = connect_to(listener.address(), receive_buffer);
  gateway::net::UniqueFd ours(
      ::accept4(listener.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  return {std::move(ours), std::move(peer)};
}

// What a stream told its handler; the hooks run inside the callbacks.
class Recorder final : public gateway::net::Stream::Handler {
 public:
  void on_data(proto::Bytes bytes) override {
    data += proto::text_of(bytes);
    ++reads;
    if (data_hook) data_hook();
  }
  void on_end() override {
    ++ends;
    if (end_hook) end_hook();
  }
  void on_drained() override {
    ++drains;
    if (drained_hook) drained_hook();
  }
  void on_failed(const gateway::net::IoError& why) override {
    ++failures;
    error = why;
    if (failed_hook) failed_hook();
  }

  std::string data;
  int reads = 0;
  int ends = 0;
  int drains = 0;
  int failures = 0;
  gateway::net::IoError error;
  std::function<void()> data_hook;
  std::function<void()> end_hook;
  std::function<void()> drained_hook;
  std::function<void()> failed_hook;
};

}  // namespace tests
