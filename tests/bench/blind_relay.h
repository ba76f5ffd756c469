// A WebSocket proxy that only passes bytes on: the floor that a proxy's costs are compared with.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/poller.h"
#include "tests/bench/relay_pair.h"
#include "tests/bench/tls.h"

namespace bench {

// One thread, edge-triggered epoll, one read buffer, back-pressure by not reading. No frame is
// looked at, nothing is counted or timed, and a pair may keep the loop while both its peers keep
// up: what a proxy does beyond this is what it has to justify.
class BlindRelay : private RelayPair::Dialer {
 public:
  struct Settings {
    uint16_t plain_port = 0;   // 0: any
    uint16_t secure_port = 0;  // likewise
    std::string certificate;   // PEM; vouches for the origin, too
    std::string key;
    bool secure_origin = false;  // it speaks TLS, under the name bench.test
    uint16_t origin_port = 0;
    std::vector<std::string> origin_addresses;  // dotted IPv4, taken in turn
  };

  // Listens from now on. Throws std::runtime_error where it cannot, or cannot use a file.
  explicit BlindRelay(const Settings& settings);

  // Serves what is ready, after at most `timeout_ns`.
  void turn(int64_t timeout_ns);

  [[nodiscard]] uint16_t plain_port() const { return settings_.plain_port; }
  [[nodiscard]] uint16_t secure_port() const { return settings_.secure_port; }

 private:
  [[nodiscard]] bool dial(RelayPair& pair, RelayEnd& origin) override;
  [[nodiscard]] Socket listen(uint16_t& port);
  void accept_all(const Socket& listener, bool secure);
  void serve(uint64_t tag, uint32_t events);

  Settings settings_;
  TlsContext server_tls_;
  std::unique_ptr<ClientTls> origin_tls_;  // null: the origin is spoken to in clear
  RelayBuffers buffers_;
  Poller poller_;
  Socket plain_;
  Socket secure_;
  size_t next_address_ = 0;
  std::vector<std::unique_ptr<RelayPair>> pairs_;  // by the client's descriptor; null: none
  std::vector<std::unique_ptr<RelayPair>> over_;   // in this turn
};

}  // namespace bench
