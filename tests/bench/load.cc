// bench_load: WebSocket clients that put a proxy to work and print what came of it as JSON.
#include <csignal>
#include <cstdio>
#include <exception>
#include <unistd.h>

#include "tests/bench/modes.h"
#include "tests/bench/process.h"

namespace bench {
namespace {

void wait_for_line() {
  char letter = 0;
  while (read(STDIN_FILENO, &letter, 1) == 1 && letter != '\n') {
  }
}

void print(const Options& options, const Results& results) {
  const auto micros = [&results](double fraction) {
    return static_cast<double>(results.latency.quantile(fraction)) / 1e3;
  };
  std::printf("{\"opened\": %lu, \"resumed\": %lu, \"messages\": %lu, \"errors\": %lu, ",
              results.opened, results.resumed, results.messages, results.errors);
  // A message passes the proxy twice, once each way.
  std::printf("\"relayed_bytes\": %lu, \"stalled\": %lu, \"seconds\": %.6f, \"tls\": \"%s\", ",
              results.messages * 2 * options.size, results.stalled, results.seconds,
              results.tls.c_str());
  std::printf("\"latency_us\": {\"p50\": %.1f, \"p95\": %.1f, \"p99\": %.1f, ", micros(0.5),
              micros(0.95), micros(0.99));
  std::printf("\"p99.9\": %.1f, \"max\": %.1f}, ", micros(0.999),
              static_cast<double>(results.latency.maximum()) / 1e3);
  std::printf("\"load_cpu_seconds\": %.4f}\n", processor_seconds());
  std::fflush(stdout);
}

int run(const Options& options) {
  raise_descriptor_limit();
  std::signal(SIGPIPE, SIG_IGN);
  const auto mode = make_mode(options);
  mode->prepare();
  std::puts("ready");
  std::fflush(stdout);
  wait_for_line();
  mode->work();
  print(options, mode->results());
  wait_for_line();
  return mode->results().errors == 0 ? 0 : 1;
}

}  // namespace
}  // namespace bench

int main(int count, char** arguments) {
  const auto options = bench::read_options(count, arguments);
  if (!options) return 2;
  try {
    return bench::run(*options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_load: %s\n", error.what());
    return 2;
  }
}
