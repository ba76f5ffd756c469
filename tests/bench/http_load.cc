// bench_http_load: clients that send plain requests through a proxy, and print what came of it as
// JSON. Speaks to whoever runs it as bench_load does.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

#include "tests/bench/http_client.h"
#include "tests/bench/process.h"

namespace bench {
namespace {

constexpr int64_t kTick = 20'000'000;
constexpr size_t kBufferSize = size_t{256} * 1024;

constexpr std::string_view kUsage =
    "usage: bench_http_load MODE key=value …\n"
    "MODE: loop (each connection asks again as soon as it was answered), fresh (a connection for\n"
    "  each request), rest (one answer each, then hold), begun (the answer begins and has no "
    "end),\n"
    "  stalled (an answer without end is asked for, and not read)\n"
    "keys: port, path, answer (bytes of an answer's body), body (bytes of a request's),\n"
    "  connections, requests (fresh: in all), parallel, seconds, sources, host, ca (with TLS)\n";

struct HttpOptions {
  std::string mode;
  std::map<std::string, std::string> given;

  std::string text(const std::string& key, const std::string& otherwise) const {
    const auto found = given.find(key);
    return found == given.end() ? otherwise : found->second;
  }
  double number(const std::string& key, double otherwise) const {
    const auto found = given.find(key);
    return found == given.end() ? otherwise : std::strtod(found->second.c_str(), nullptr);
  }
  size_t count(const std::string& key, size_t otherwise) const {
    return static_cast<size_t>(number(key, static_cast<double>(otherwise)));
  }
};

std::string request_of(const HttpOptions& options) {
  const size_t body = options.count("body", 0);
  std::string request = (body > 0 ? "POST " : "GET ") + options.text("path", "/bytes/1024") +
                        " HTTP/1.1\r\nHost: " + options.text("host", "bench.test") +
                        "\r\nUser-Agent: bench\r\nAccept: */*\r\n";
  if (body > 0) request += "Content-Length: " + std::to_string(body) + "\r\n";
  if (options.mode == "fresh") request += "Connection: close\r\n";
  return request + "\r\n" + std::string(body, 'u');
}

// Opens connections with bounded haste, lets them do what the mode says, and counts.
class HttpFleet final : public HttpClient::Observer {
 public:
  explicit HttpFleet(HttpOptions options)
      : options_(std::move(options)),
        loops_(options_.mode == "loop"),
        fresh_(options_.mode == "fresh"),
        endless_(options_.mode == "begun" || options_.mode == "stalled"),
        connections_(options_.count("connections", 64)),
        buffer_(kBufferSize) {
    if (const std::string ca = options_.text("ca", ""); !ca.empty())
      tls_ = std::make_unique<ClientTls>(ca, options_.text("host", "bench.test"), false);
    target_ = {.port = static_cast<uint16_t>(options_.count("port", 0)),
               .request = request_of(options_),
               .answer_size = options_.count("answer", 1024),
               .receive_buffer = 0,
               .tls = tls_.get()};
  }

  void prepare() {
    if (fresh_ || options_.mode == "stalled") return;
    open_all();
    serve([this] { return served() >= connections_; }, 60);
  }

  void work() {
    const int64_t began = now_ns();
    const double seconds = options_.number("seconds", 2);
    if (loops_) {
      measured_ = true;
      answers_ = bytes_ = 0;
      for (const auto& client : clients_) ask_next(*client);
      serve([] { return false; }, seconds);
      measured_ = false;
      serve([this] { return under_way_ == 0; }, 10);
    } else if (fresh_) {
      requests_ = options_.count("requests", 1000);
      open_all();
      serve([this] { return finished_ >= requests_; }, 60);
      if (finished_ < requests_) ++errors_;
    } else if (options_.mode == "stalled") {
      open_all();
      serve([] { return false; }, seconds);
      for (const auto& client : clients_) stalled_ += client->unread() > 0 ? 1 : 0;
    }
    seconds_ = static_cast<double>(now_ns() - began) / 1e9;
  }

  void print() const {
    std::printf("{\"opened\": %lu, \"messages\": %lu, \"errors\": %lu, \"stalled\": %lu, ", opened_,
                answers_, errors_, stalled_);
    std::printf("\"body_bytes\": %lu, \"seconds\": %.6f, \"tls\": \"%s\", ", bytes_, seconds_,
                cipher_.c_str());
    std::printf("\"load_cpu_seconds\": %.4f}\n", processor_seconds());
    std::fflush(stdout);
  }
  [[nodiscard]] bool right() const { return errors_ == 0; }

 private:
  // So many have come to where they rest, or are ready to loop.
  [[nodiscard]] size_t served() const { return endless_ ? begun_ : answers_; }

  void open_all() {
    const size_t most = fresh_ ? std::min(options_.count("parallel", 32), requests_) : connections_;
    while (clients_.size() < most) {
      clients_.push_back(std::make_unique<HttpClient>(target_, poller_, clients_.size(), *this,
                                                      std::span(buffer_)));
    }
    const size_t at_once = fresh_ ? most : options_.count("parallel", 256);
    while (started_ < std::min(at_once, clients_.size())) start_next();
  }

  void start_next() {
    if (started_ < clients_.size()) start(*clients_[started_++]);
  }

  void start(HttpClient& client) {
    const size_t source = source_++ % options_.count("sources", 64);
    if (client.start("127.0." + std::to_string(1 + source / 250) + "." +
                     std::to_string(1 + source % 250)))
      return;
    ++errors_;
    if (fresh_) ++finished_;
  }

  void ask_next(HttpClient& client) {
    if (!client.connected()) return;
    ++under_way_;
    client.ask();
  }

  void on_connected(HttpClient& client) override {
    ++opened_;
    ask_next(client);
    if (options_.mode != "stalled") return;
    client.stop_reading();
    start_next();
  }

  void on_begun(HttpClient& client) override {
    if (const SSL* tls = client.tls())
      cipher_ = std::string(SSL_get_version(tls)) + " " + SSL_get_cipher_name(tls);
    if (!endless_) return;
    ++begun_;
    start_next();
  }

  void on_answer(HttpClient& client, bool right) override {
    ++answers_;
    --under_way_;
    bytes_ += target_.answer_size + options_.count("body", 0);
    if (!right) ++errors_;
    if (measured_)
      ask_next(client);
    else if (!fresh_)
      start_next();
  }

  void on_closed(HttpClient& client) override {
    if (!fresh_) {
      ++errors_;
      return;
    }
    ++finished_;
    if (finished_ + clients_.size() <= requests_) start(client);
  }

  template <class Done>
  void serve(Done done, double seconds) {
    const int64_t limit = now_ns() + static_cast<int64_t>(seconds * 1e9);
    while (!done() && now_ns() < limit) {
      poller_.wait(kTick,
                   [this](uint64_t tag, uint32_t events) { clients_[tag]->on_event(events); });
    }
  }

  const HttpOptions options_;
  const bool loops_;
  const bool fresh_;
  const bool endless_;
  const size_t connections_;
  std::unique_ptr<ClientTls> tls_;
  HttpTarget target_;
  Poller poller_;
  std::vector<uint8_t> buffer_;
  std::vector<std::unique_ptr<HttpClient>> clients_;
  bool measured_ = false;
  size_t requests_ = 0;
  size_t started_ = 0;
  size_t source_ = 0;
  size_t under_way_ = 0;
  size_t finished_ = 0;
  uint64_t opened_ = 0, answers_ = 0, begun_ = 0, errors_ = 0, stalled_ = 0, bytes_ = 0;
  double seconds_ = 0;
  std::string cipher_;
};

void wait_for_line() {
  char letter = 0;
  while (read(STDIN_FILENO, &letter, 1) == 1 && letter != '\n') {
  }
}

int run(HttpOptions options) {
  raise_descriptor_limit();
  std::signal(SIGPIPE, SIG_IGN);
  HttpFleet fleet(std::move(options));
  fleet.prepare();
  std::puts("ready");
  std::fflush(stdout);
  wait_for_line();
  fleet.work();
  fleet.print();
  wait_for_line();
  return fleet.right() ? 0 : 1;
}

}  // namespace
}  // namespace bench

int main(int count, char** arguments) {
  bench::HttpOptions options;
  if (count >= 2) options.mode = arguments[1];
  for (int i = 2; i < count; ++i) {
    const std::string_view argument = arguments[i];
    const size_t equals = argument.find('=');
    if (equals != std::string_view::npos)
      options.given.emplace(argument.substr(0, equals), argument.substr(equals + 1));
  }
  if (options.count("port", 0) == 0) {
    std::fwrite(bench::kUsage.data(), 1, bench::kUsage.size(), stderr);
    return 2;
  }
  try {
    return bench::run(std::move(options));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_http_load: %s\n", error.what());
    return 2;
  }
}
