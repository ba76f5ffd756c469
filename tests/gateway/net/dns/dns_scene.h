// A DNS server in the test's hand, on UDP and TCP of a loopback address.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "gateway/net/dns/resolver.h"
#include "tests/support/loop_stage.h"
#include "tests/support/patience.h"

namespace tests {

namespace zone {

constexpr uint16_t kA = 1;
constexpr uint16_t kCname = 5;
constexpr uint16_t kAaaa = 28;
constexpr int kServerFailure = 2;
constexpr int kNoSuchName = 3;

inline std::string number16(size_t value) {
  return {static_cast<char>(value >> 8 & 0xff), static_cast<char>(value & 0xff)};
}
inline std::string number32(uint32_t value) {
  return number16(value >> 16) + number16(value & 0xffff);
}

inline std::string label(std::string_view name) {
  std::string wire;
  while (!name.empty()) {
    const size_t dot = name.find('.');
    const std::string_view part = name.substr(0, dot);
    wire += static_cast<char>(part.size());
    wire += part;
    name = dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
  }
  return wire + '\0';
}

struct Record {
  uint16_t type;
  uint32_t ttl;
  std::string data;
  std::string owner = std::string("\xc0\x0c", 2);  // the name that was asked for
};

inline std::string wire_of(const gateway::net::Address& address) {
  const char* data = reinterpret_cast<const char*>(address.get());
  return address.family() == AF_INET ? std::string(data + offsetof(sockaddr_in, sin_addr), 4)
                                     : std::string(data + offsetof(sockaddr_in6, sin6_addr), 16);
}
inline Record address(std::string_view text, uint32_t ttl) {
  const auto parsed = *gateway::net::Address::parse(text, 0);
  return {.type = parsed.family() == AF_INET ? kA : kAaaa, .ttl = ttl, .data = wire_of(parsed)};
}

struct Question {
  std::string message;  // as it came
  std::string name;     // "a.example"
  uint16_t type = 0;
  bool tcp = false;

  explicit Question(std::string in) : message(std::move(in)) {
    size_t at = 12;
    while (at < message.size() && message[at] != 0) {
      const auto size = static_cast<size_t>(message[at]);
      if (!name.empty()) name += '.';
      name += message.substr(at + 1, size);
      at += size + 1;
    }
    type = static_cast<uint16_t>(static_cast<uint8_t>(message.at(at + 2)));
  }

  std::string answer(const std::vector<Record>& records, int code = 0,
                     bool truncated = false) const {
    std::string out = message.substr(0, 2);
    out += static_cast<char>(truncated ? 0x86 : 0x84);
    out += static_cast<char>(0x80 | code);
    out += number16(1) + number16(records.size()) + number32(0);
    out += label(name) + number16(type) + number16(1);
    for (const Record& one : records) {
      out += one.owner + number16(one.type) + number16(1) + number32(one.ttl);
      out += number16(one.data.size()) + one.data;
    }
    return out;
  }
  // Those of the family that was asked for.
  std::string fitting(const std::vector<Record>& records) const {
    std::vector<Record> found;
    for (const Record& one : records) {
      if (one.type == type) found.push_back(one);
    }
    return answer(found);
  }
};

}  // namespace zone

// Serves from the loop that its clients run on.
class DnsServer {
 public:
  // What to answer; empty: nothing.
  using Script = std::function<std::string(const zone::Question&)>;

  explicit DnsServer(LoopStage& stage, const std::string& host = "127.0.0.1", uint16_t port = 0)
      : loop_(stage.loop), udp_(*this, {}), tcp_(*this, {}) {
    // A port that is free for UDP may be taken for TCP.
    for (int i = 0; i < 50 && !open(*gateway::net::Address::parse(host, port)); ++i) {
    }
    REQUIRE(tcp_.fd);
    REQUIRE(::listen(tcp_.fd.get(), 16) == 0);
    REQUIRE(loop_.poller().add(udp_.fd.get(), udp_, EPOLLIN) == 0);
    REQUIRE(loop_.poller().add(tcp_.fd.get(), tcp_, EPOLLIN) == 0);
  }
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;
  ~DnsServer() = default;

  gateway::net::dns::Client::Options options() const {
    gateway::net::dns::Client::Options made;
    made.servers = address.to_string();
    made.first_timeout = first_timeout;
    made.tries = 2;
    return made;
  }
  // Look-ups: every one asks for both families.
  int lookups() const { return questions / 2; }

  gateway::net::Address address;
  // By the clock of c-ares; where no answer is to come, a test wants less.
  gateway::net::milliseconds first_timeout = patience(std::chrono::seconds(10));
  Script script;
  int questions = 0;
  int over_tcp = 0;

 private:
  struct Watched : gateway::net::Poller::Watched {
    Watched(DnsServer& owner, gateway::net::UniqueFd descriptor)
        : server(owner), fd(std::move(descriptor)) {}
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;
    ~Watched() { server.loop_.poller().remove(fd.get(), *this); }
    DnsServer& server;
    gateway::net::UniqueFd fd;
  };
  struct Udp final : Watched {
    using Watched::Watched;
    void on_ready(uint32_t) override {
      std::array<char, 4096> buffer{};
      sockaddr_in from{};
      socklen_t size = sizeof from;
      auto* peer = reinterpret_cast<sockaddr*>(&from);
      const ssize_t count = ::recvfrom(fd.get(), buffer.data(), buffer.size(), 0, peer, &size);
      if (count <= 0) return;
      const std::string out = server.answer({buffer.data(), static_cast<size_t>(count)}, false);
      if (!out.empty()) ::sendto(fd.get(), out.data(), out.size(), 0, peer, size);
    }
  };
  struct Connected final : Watched {
    using Watched::Watched;
    void on_ready(uint32_t) override {
      std::array<char, 4096> buffer{};
      const ssize_t count = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
      if (count <= 0) {
        fd.reset();  // takes it out of the set
        return;
      }
      in.append(buffer.data(), static_cast<size_t>(count));
      while (in.size() > 2) {
        const size_t size =
            static_cast<size_t>(static_cast<uint8_t>(in[0])) << 8 | static_cast<uint8_t>(in[1]);
        if (in.size() < size + 2) return;
        const std::string out = server.answer(in.substr(2, size), true);
        in.erase(0, size + 2);
        const std::string framed = zone::number16(out.size()) + out;
        if (!out.empty()) ::send(fd.get(), framed.data(), framed.size(), MSG_NOSIGNAL);
      }
    }
    std::string in;
  };
  struct Tcp final : Watched {
    using Watched::Watched;
    void on_ready(uint32_t) override {
      gateway::net::UniqueFd taken(
          ::accept4(fd.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!taken) return;
      auto made = std::make_unique<Connected>(server, std::move(taken));
      REQUIRE(server.loop_.poller().add(made->fd.get(), *made, EPOLLIN) == 0);
      server.connections_.push_back(std::move(made));
    }
  };

  static gateway::net::UniqueFd bound(int type, const gateway::net::Address& to) {
    gateway::net::UniqueFd fd(::socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int on = 1;
    if (type == SOCK_STREAM) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(fd.get(), to.get(), to.size()) != 0) fd.reset();
    return fd;
  }
  bool open(const gateway::net::Address& wanted) {
    udp_.fd = bound(SOCK_DGRAM, wanted);
    if (!udp_.fd) return false;
    address = *gateway::net::Address::local_of(udp_.fd.get());
    tcp_.fd = bound(SOCK_STREAM, address);
    return static_cast<bool>(tcp_.fd);
  }

  std::string answer(std::string message, bool tcp) {
    ++questions;
    if (tcp) ++over_tcp;
    zone::Question question(std::move(message));
    question.tcp = tcp;
    return script ? script(question) : std::string();
  }

  gateway::net::Loop& loop_;
  Udp udp_;
  Tcp tcp_;
  std::vector<std::unique_ptr<Connected>> connections_;
};

}  // namespace tests
