// bench_http_origin: an origin of plain requests (http_server.h) behind two doors (doors.h). When
// it is asked it says "<connections that are open> <those that there were>".
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/doors.h"
#include "tests/bench/http_server.h"
#include "tests/bench/process.h"

namespace bench {
namespace {

constexpr size_t kBufferSize = size_t{256} * 1024;

class HttpOrigin final : public Doors::Handler {
 public:
  HttpOrigin() : buffer_(kBufferSize) {}

  void on_accepted(int descriptor, Tls tls) override {
    const auto index = static_cast<size_t>(descriptor);
    if (connections_.size() <= index) connections_.resize(index + 1);
    connections_[index] =
        std::make_unique<HttpServer>(Socket(descriptor, std::move(tls)), std::span(buffer_));
    ++accepted_;
    ++open_;
  }

  void on_unwatched(int descriptor) override { close(descriptor); }

  void on_event(int descriptor, uint32_t events) override {
    const auto& connection = connections_[static_cast<size_t>(descriptor)];
    if (connection && !connection->on_event(events)) close(descriptor);
  }

  std::string on_asked() override {
    return std::to_string(open_) + ' ' + std::to_string(accepted_);
  }

 private:
  void close(int descriptor) {
    connections_[static_cast<size_t>(descriptor)].reset();
    --open_;
  }

  std::vector<uint8_t> buffer_;
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
  HttpOrigin origin;
  Doors doors(std::move(tls), origin);
  if (!doors.listen()) {
    std::perror("bench_http_origin: cannot listen");
    return 1;
  }
  doors.serve();
  return 0;
}

}  // namespace
}  // namespace bench

int main(int count, char** arguments) { return bench::run(count, arguments); }
