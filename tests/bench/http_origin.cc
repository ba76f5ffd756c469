// bench_http_origin: an origin of plain requests (http_server.h). It prints
// "ready <plain port> <tls port>" and serves until its standard input ends. To each line there it
// says "<connections that are open> <those that there were>".
#include <array>
#include <csignal>
#include <cstdio>
#include <memory>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "tests/bench/http_server.h"
#include "tests/bench/poller.h"
#include "tests/bench/process.h"

namespace bench {
namespace {

constexpr size_t kBufferSize = size_t{256} * 1024;

class HttpOrigin {
 public:
  explicit HttpOrigin(TlsContext tls) : tls_(std::move(tls)), buffer_(kBufferSize) {}

  [[nodiscard]] bool listen() {
    plain_ = listen_on(plain_port_);
    secure_ = listen_on(secure_port_);
    return plain_ >= 0 && secure_ >= 0 && poller_.watch_level(plain_, tag(plain_), EPOLLIN) &&
           poller_.watch_level(secure_, tag(secure_), EPOLLIN);
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
      auto& connection = connections_[static_cast<size_t>(descriptor)];
      if (!connection || connection->on_event(events)) return;
      connection.reset();
      --open_;
    }
  }

  void answer() {
    std::array<char, 64> ignored{};
    stopped_ = read(STDIN_FILENO, ignored.data(), ignored.size()) <= 0;
    if (stopped_) return;
    std::printf("%lu %lu\n", open_, accepted_);
    std::fflush(stdout);
  }

  void accept_all(int listener) {
    for (;;) {
      const int descriptor = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (descriptor < 0) return;
      Tls tls = listener == secure_ ? make_server_tls(tls_.get()) : nullptr;
      const auto index = static_cast<size_t>(descriptor);
      if (connections_.size() <= index) connections_.resize(index + 1);
      connections_[index] =
          std::make_unique<HttpServer>(Socket(descriptor, std::move(tls)), std::span(buffer_));
      ++accepted_;
      ++open_;
      if (poller_.watch(descriptor, tag(descriptor))) continue;
      connections_[index].reset();
      --open_;
    }
  }

  TlsContext tls_;
  std::vector<uint8_t> buffer_;
  Poller poller_;
  int plain_ = -1;
  int secure_ = -1;
  uint16_t plain_port_ = 0;
  uint16_t secure_port_ = 0;
  bool stopped_ = false;
  uint64_t accepted_ = 0;
  uint64_t open_ = 0;
  std::vector<std::unique_ptr<HttpServer>> connections_;
};

int run(int count, char** arguments) {
  raise_descriptor_limit();
  std::signal(SIGPIPE, SIG_IGN);
  if (count != 3) {
    std::fprintf(stderr, "usage: bench_http_origin CERTIFICATE KEY\n");
    return 2;
  }
  TlsContext tls = make_server_context(arguments[1], arguments[2]);
  if (!tls) {
    std::fprintf(stderr, "bench_http_origin: cannot use this certificate and key\n");
    return 2;
  }
  HttpOrigin origin(std::move(tls));
  if (!origin.listen()) {
    std::perror("bench_http_origin: cannot listen");
    return 1;
  }
  origin.serve();
  return 0;
}

}  // namespace
}  // namespace bench

int main(int count, char** arguments) { return bench::run(count, arguments); }
