// A client's connection and the one to the origin that was made for it.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/bench/relay_end.h"

namespace bench {

// Passes bytes both ways and looks at none of them. The origin is dialled once the client has said
// something, which in a proxy's place is its request; until the origin is there the client is not
// read any further.
class RelayPair {
 public:
  enum class Side : uint8_t { client, origin };

  class Dialer {
   public:
    // Begins to connect that end and watches it. False: there is no socket to be had.
    [[nodiscard]] virtual bool dial(RelayPair& pair, RelayEnd& origin) = 0;

   protected:
    ~Dialer() = default;
  };

  // The dialer and the buffers outlive the pair.
  RelayPair(RelayBuffers& buffers, Dialer& dialer, int descriptor, Tls tls);

  // False: the pair is over, and is to be destroyed once nothing of it is left in epoll's answer.
  [[nodiscard]] bool on_event(Side side, uint32_t events);

  [[nodiscard]] int client_descriptor() const { return client_.descriptor(); }

 private:
  // waiting (for the client's request) -> connecting (to the origin) -> open
  enum class Stage : uint8_t { waiting, connecting, open };

  [[nodiscard]] bool wait();
  [[nodiscard]] bool connect();
  [[nodiscard]] bool relay();
  [[nodiscard]] static bool pass(RelayEnd& from, RelayEnd& to);

  Dialer& dialer_;
  Stage stage_ = Stage::waiting;
  RelayEnd client_;
  RelayEnd origin_;
  std::vector<uint8_t> request_;  // what the client has said so far, while connecting
};

}  // namespace bench
