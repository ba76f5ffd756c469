// bench_origin: a WebSocket origin that echoes, floods or refuses to read, behind two doors
// (doors.h). When it is asked it says "<connections with TLS that are over> <of these, resumed>".
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <sys/socket.h>
#include <vector>

#include "tests/bench/doors.h"
#include "tests/bench/origin_connection.h"
#include "tests/bench/process.h"

namespace bench {
namespace {

// An echoed frame is shorter than what came in, except where the start of its head arrived with the
// read before; so one head of slack is enough.
constexpr size_t kBufferSize = size_t{256} * 1024;

class Origin final : public Doors::Handler {
 public:
  explicit Origin(TlsContext tls)
      : in_(kBufferSize), out_(kBufferSize + kMaxFrameHead), doors_(std::move(tls), *this) {}

  Doors& doors() { return doors_; }

 private:
  void on_accepted(int descriptor, Tls tls) override {
    const auto index = static_cast<size_t>(descriptor);
    if (connections_.size() <= index) connections_.resize(index + 1);
    connections_[index] = std::make_unique<OriginConnection>(Socket(descriptor, std::move(tls)),
                                                             OriginBuffers{in_, out_});
  }

  void on_unwatched(int descriptor) override {
    connections_[static_cast<size_t>(descriptor)].reset();
  }

  void on_event(int descriptor, uint32_t events) override {
    auto& connection = connections_[static_cast<size_t>(descriptor)];
    if (!connection) return;
    const bool flooded = connection->flooding();
    bool alive = connection->on_event(events);
    if (alive && !flooded && connection->flooding()) {
      alive = doors_.poller().rewatch_level(descriptor, Doors::tag(descriptor),
                                            EPOLLOUT | EPOLLRDHUP) &&
              bound_send_buffer(descriptor);
    }
    const bool ending = (events & (EPOLLRDHUP | EPOLLHUP)) != 0;
    if (alive && !(connection->flooding() && ending)) return;
    count(connection->tls());
    connection.reset();
  }

  std::string on_asked() override {
    return std::to_string(secured_) + ' ' + std::to_string(resumed_);
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

  std::vector<uint8_t> in_;
  std::vector<uint8_t> out_;
  Doors doors_;
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
  if (!origin.doors().listen()) {
    std::perror("bench_origin: cannot listen");
    return 1;
  }
  origin.doors().serve();
  return 0;
}

}  // namespace
}  // namespace bench

int main(int count, char** arguments) { return bench::run(count, arguments); }
