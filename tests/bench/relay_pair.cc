#include "tests/bench/relay_pair.h"

#include <utility>

namespace bench {

RelayPair::RelayPair(RelayBuffers& buffers, Dialer& dialer, int descriptor, Tls tls)
    : dialer_(dialer), client_(buffers), origin_(buffers) {
  client_.open(descriptor, std::move(tls));
}

bool RelayPair::on_event(Side side, uint32_t events) {
  RelayEnd& told = side == Side::client ? client_ : origin_;
  if (!told.on_event(events)) return false;
  switch (stage_) {
    case Stage::waiting:
      return wait();
    case Stage::connecting:
      return side == Side::client || connect();
    case Stage::open:
      return relay();
  }
  return false;
}

bool RelayPair::wait() {
  while (client_.readable() && request_.empty()) {
    const Bytes came = client_.read();
    request_.assign(came.begin(), came.end());
  }
  if (client_.ended()) return false;
  if (request_.empty()) return true;
  stage_ = Stage::connecting;
  return dialer_.dial(*this, origin_);
}

bool RelayPair::connect() {
  std::vector<uint8_t> early;  // what the origin says before it was asked
  // A TLS client speaks first: its first read finds nothing, and has the handshake begun.
  while (!origin_.ready()) {
    const Bytes came = origin_.read();
    if (origin_.ended()) return false;
    early.insert(early.end(), came.begin(), came.end());
    if (!origin_.readable()) break;
  }
  if (!origin_.ready()) return true;
  stage_ = Stage::open;
  const std::vector<uint8_t> request = std::exchange(request_, {});
  if (!origin_.write(request)) return false;
  return (early.empty() || client_.write(early)) && relay();
}

bool RelayPair::relay() { return pass(client_, origin_) && pass(origin_, client_); }

// False: the pair is over. A WebSocket ends as a whole, and its closing handshake has gone by:
// neither half of it is worth keeping when all that one peer has sent is with the kernel.
bool RelayPair::pass(RelayEnd& from, RelayEnd& to) {
  while (from.readable() && !to.congested()) {
    const Bytes came = from.read();
    if (!came.empty() && !to.write(came)) return false;
  }
  if (!from.ended() || to.congested()) return true;
  to.finish();
  return false;
}

}  // namespace bench
