#include "tests/bench/options.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace bench {

namespace {

constexpr std::string_view kUsage =
    "usage: bench_load MODE --port N [--address IP] [--host NAME] [--tls --ca FILE [--resume]]\n"
    "  [--connections N] [--parallel N] [--size BYTES] [--outstanding N] [--seconds S]\n"
    "  [--rate PER_SECOND] [--pace PER_SECOND] [--sources N] [--receive-buffer BYTES]\n"
    "  [--timeout S]\n"
    "MODE: echo (closed loop, any size), rate (open loop with latencies), handshake (open, one\n"
    "  echo, close), idle (one echo, then hold), flood (the origin floods, nobody reads), sink\n"
    "  (the load floods, the origin does not read)\n"
    "Prints \"ready\", waits for a line on standard input, works, prints one line of JSON, waits\n"
    "for another line and leaves. The end of standard input counts as both lines.\n";

constexpr std::array<std::pair<std::string_view, Mode>, 6> kModes{{{"echo", Mode::echo},
                                                                   {"rate", Mode::rate},
                                                                   {"handshake", Mode::handshake},
                                                                   {"idle", Mode::idle},
                                                                   {"flood", Mode::flood},
                                                                   {"sink", Mode::sink}}};

bool set_mode(Options& options, std::string_view name) {
  for (const auto& [known, mode] : kModes) {
    if (name == known) {
      options.mode = mode;
      return true;
    }
  }
  return false;
}

bool set_flag(Options& options, std::string_view name) {
  if (name == "--tls") return options.tls = true;
  if (name == "--resume") return options.resume = true;
  return false;
}

bool set_text(Options& options, std::string_view name, const char* value) {
  if (name == "--address")
    options.address = value;
  else if (name == "--host")
    options.host = value;
  else if (name == "--ca")
    options.ca = value;
  else
    return false;
  return true;
}

bool set_number(Options& options, std::string_view name, const char* text) {
  char* end = nullptr;
  const double value = std::strtod(text, &end);
  if (end == text || *end != '\0' || !(value >= 0) || value > 1e9) return false;
  const auto count = static_cast<size_t>(value);
  if (name == "--port" && count <= 65535)
    options.port = static_cast<uint16_t>(count);
  else if (name == "--connections")
    options.connections = count;
  else if (name == "--parallel")
    options.parallel = count;
  else if (name == "--size")
    options.size = count;
  else if (name == "--outstanding")
    options.outstanding = count;
  else if (name == "--seconds")
    options.seconds = value;
  else if (name == "--rate")
    options.rate = value;
  else if (name == "--pace")
    options.pace = value;
  else if (name == "--sources")
    options.sources = count;
  else if (name == "--receive-buffer")
    options.receive_buffer = static_cast<int>(count);
  else if (name == "--timeout")
    options.timeout = value;
  else
    return false;
  return true;
}

bool complete(const Options& options) {
  // A message carries an eight-byte stamp; 60,000 source addresses are 127.0.1.1 and on.
  return options.port != 0 && options.connections > 0 && options.parallel > 0 &&
         options.size >= 8 && options.outstanding > 0 && options.rate >= 1 && options.sources > 0 &&
         options.sources <= 60000 && (!options.tls || !options.ca.empty());
}

}  // namespace

std::optional<Options> read_options(int count, char** arguments) {
  Options options;
  bool right = count >= 2 && set_mode(options, arguments[1]);
  for (int i = 2; right && i < count; ++i) {
    const std::string_view name = arguments[i];
    if (set_flag(options, name)) continue;
    const char* value = i + 1 < count ? arguments[++i] : "";
    right = set_text(options, name, value) || set_number(options, name, value);
  }
  if (right && complete(options)) return options;
  std::fwrite(kUsage.data(), 1, kUsage.size(), stderr);
  return std::nullopt;
}

}  // namespace bench
