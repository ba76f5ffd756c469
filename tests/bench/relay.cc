// bench_relay: passes WebSockets on to an origin without looking at them. It prints
// "ready <plain port> <tls port>" and serves until it is terminated.
#include <charconv>
#include <csignal>
#include <cstdio>
#include <exception>
#include <optional>
#include <string_view>

#include "tests/bench/blind_relay.h"
#include "tests/bench/process.h"

namespace bench {
namespace {

constexpr const char* kUsage =
    "usage: bench_relay PLAIN_PORT TLS_PORT CERTIFICATE KEY http|https ORIGIN_PORT ADDRESS...\n"
    "Port 0 of its own lets the system choose. The origin's addresses are taken in turn; over\n"
    "https it is bench.test, and CERTIFICATE vouches for it.\n";

bool read_port(std::string_view text, uint16_t& port) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size();
}

std::optional<BlindRelay::Settings> read_settings(const std::vector<std::string>& words) {
  constexpr size_t kLeast = 7;
  BlindRelay::Settings settings;
  const bool right = words.size() >= kLeast && read_port(words[0], settings.plain_port) &&
                     read_port(words[1], settings.secure_port) &&
                     (words[4] == "http" || words[4] == "https") &&
                     read_port(words[5], settings.origin_port);
  if (!right) return std::nullopt;
  settings.certificate = words[2];
  settings.key = words[3];
  settings.secure_origin = words[4] == "https";
  settings.origin_addresses.assign(words.begin() + 6, words.end());
  return settings;
}

int run(const std::vector<std::string>& words) {
  const auto settings = read_settings(words);
  if (!settings) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  raise_descriptor_limit();
  std::signal(SIGPIPE, SIG_IGN);
  BlindRelay relay(*settings);
  std::printf("ready %d %d\n", int{relay.plain_port()}, int{relay.secure_port()});
  std::fflush(stdout);
  constexpr int64_t kSecond = 1'000'000'000;
  for (;;) relay.turn(kSecond);
}

}  // namespace
}  // namespace bench

int main(int count, char** arguments) {
  try {
    return bench::run({arguments + 1, arguments + count});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_relay: %s\n", error.what());
    return 1;
  }
}
