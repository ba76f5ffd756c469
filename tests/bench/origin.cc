// bench_origin: a WebSocket origin that echoes, floods or refuses to read. It prints
// "ready <plain port> <tls port>" and serves until its standard input ends. To each line there it
// says "<connections with TLS that are over> <of these, resumed>".
#include <array>
#include <csignal>
#include <cstdio>
#include <memory>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "tests/bench/origin_connection.h"
#include "tests/bench/poller.h"
#include "tests/bench/process.h"

namespace bench {
namespace {

// An echoed frame is shorter than what came in, except where the start of its head arrived with the
// read before; so one head of slack is enough.
constexpr size_t kBufferSize = size_t{256} * 1024;

class Origin {
 public:
  explicit Origin(TlsContext tls)
      : tls_(std::move(tls)), in_(kBufferSize), out_(kBufferSize + kMaxFrameHead) {}

  [[nodiscard]] bool listen() {
    plain_ = listen_on(plain_port_);
    if (plain_ < 0 || !poller_.watch_level(plain_, tag(plain_), EPOLLIN)) return false;
    if (!tls_) return true;
    secure_ = listen_on(secure_port_);
    return secure_ >= 0 && poller_.watch_level(secure_, tag(secure_), EPOLLIN);
  }

  void serve() {
    std::printf("ready %d %d\n", int{plain_port_}, int{secure_port_});
    std::fflush(stdout);
    if (!poller_.watch_level(STDIN_FILENO, STDIN_FILENO, EPOLLIN)) return;
    constexpr int64_t second = 1'000'000'000;
    while (!stopped_) {
      poller_.wait(second, [this](uint64_t tag, uint32_t events) {
        on_event(static_cast<int>(tag), events);
      });
    }
  }

 private:
  static uint64_t tag(int descriptor) { return static_cast<uint64_t>(descriptor); }

  void on_event(int descriptor, uint32_t events) {
    if (descriptor == STDIN_FILENO) {
      answer();
    } else if (descriptor == plain_ || descriptor == secure_) {
      accept_all(descriptor);
    } else {
      serve_one(descriptor, events);
    }
  }

  void answer() {
    std::array<char, 64> ignored{};
    stopped_ = read(STDIN_FILENO, ignored.data(), ignored.size()) <= 0;
    if (stopped_) return;
    std::printf("%lu %lu\n", secured_, resumed_);
    std::fflush(stdout);
  }

  void accept_all(int listener) {
    for (;;) {
      const int descriptor = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (descriptor < 0) return;
      Tls tls = listener == secure_ ? make_server_tls(tls_.get()) : nullptr;
      const auto index = static_cast<size_t>(descriptor);
      if (connections_.size() <= index) connections_.resize(index + 1);
      connections_[index] = std::make_unique<OriginConnection>(Socket(descriptor, std::move(tls)),
                                                               OriginBuffers{in_, out_});
      if (!poller_.watch(descriptor, tag(descriptor))) connections_[index].reset();
    }
  }

  void serve_one(int descriptor, uint32_t events) {
    auto& connection = connections_[static_cast<size_t>(descriptor)];
    if (!connection) return;
    const bool flooded = connection->flooding();
    bool alive = connection->on_event(events);
    if (alive && !flooded && connection->flooding()) {
      alive = poller_.rewatch_level(descriptor, tag(descriptor), EPOLLOUT | EPOLLRDHUP) &&
              bound_send_buffer(descriptor);
    }
    const bool ending = (events & (EPOLLRDHUP | EPOLLHUP)) != 0;
    if (alive && !(connection->flooding() && ending)) return;
    count(connection->tls());
    connection.reset();
  }

  void count(const SSL* tls) {
    if (tls == nullptr || SSL_is_init_finished(tls) != 1) return;
    ++secured_;
    if (SSL_session_reused(tls) == 1) ++resumed_;
  }

  // A flood is to fill the proxy, not the kernel: thousands of send buffers that may each grow to
  // megabytes would take the machine down first.
  static bool bound_send_buffer(int descriptor) {
    constexpr int size = 128 * 1024;
    return setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) == 0;
  }

  TlsContext tls_;
  std::vector<uint8_t> in_;
  std::vector<uint8_t> out_;
  Poller poller_;
  int plain_ = -1;
  int secure_ = -1;
  uint16_t plain_port_ = 0;
  uint16_t secure_port_ = 0;
  bool stopped_ = false;
  uint64_t secured_ = 0;
  uint64_t resumed_ = 0;
  std::vector<std::unique_ptr<OriginConnection>> connections_;
};

int run(int count, char** arguments) {
  raise_descriptor_limit();
  // Writes to a peer that has gone are answered by their result.
  std::signal(SIGPIPE, SIG_IGN);
  TlsContext tls;
  if (count == 3) {
    tls = make_server_context(arguments[1], arguments[2]);
    if (!tls) {
      std::fprintf(stderr, "bench_origin: cannot use this certificate and key\n");
      return 2;
    }
  } else if (count != 1) {
    std::fprintf(stderr, "usage: bench_origin [CERTIFICATE KEY]\n");
    return 2;
  }
  Origin origin(std::move(tls));
  if (!origin.listen()) {
    std::perror("bench_origin: cannot listen");
    return 1;
  }
  origin.serve();
  return 0;
}

}  // namespace
}  // namespace bench

int main(int count, char** arguments) { return bench::run(count, arguments); }
