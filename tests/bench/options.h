// The command line of bench_load.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace bench {

enum class Mode { echo, rate, handshake, idle, flood, sink };

struct Options {
  Mode mode = Mode::echo;
  std::string address = "127.0.0.1";
  uint16_t port = 0;
  std::string host = "bench.test";
  bool tls = false;
  std::string ca;           // file that vouches for the server; required with tls
  bool resume = false;      // handshake: resume TLS sessions where tickets allow
  size_t connections = 64;  // for handshake: how many in all
  size_t parallel = 128;    // handshakes under way at once
  size_t size = 128;        // payload bytes of a message
  size_t outstanding = 1;   // messages under way per connection
  double seconds = 2;       // length of echo and rate
  double rate = 20000;      // messages per second
  double pace = 0;          // handshake: how many are begun a second; 0: as fast as they end
  size_t sources = 64;      // source addresses 127.0.1.1, 127.0.1.2, …
  int receive_buffer = 0;   // of each client socket; 0: the kernel's default
  double timeout = 60;      // seconds for each of opening and working
};

// Prints what is wrong to standard error and returns nullopt.
[[nodiscard]] std::optional<Options> read_options(int count, char** arguments);

}  // namespace bench
