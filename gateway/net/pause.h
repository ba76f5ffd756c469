// Why a stream is not read for a while.
#pragma once

#include <cstdint>

namespace gateway::net {

// Each is raised and ended by one owner, so whoever wants reading to go on cannot undo what another
// needs.
enum class Pause : uint8_t {
  congestion = 1 << 0,  // the peer that it is relayed to does not take it
  early = 1 << 1,       // a client has sent all that is kept for it before its session begins
  primed = 1 << 2,      // bytes that were read earlier are told first
  reader = 1 << 3,      // whom an answer is for does not take it. What has come of it stays wanted
                        // when a write has failed: that is told behind it
};

// The reasons that hold.
class Pauses {
 public:
  void add(Pause why) { bits_ = static_cast<uint8_t>(bits_ | static_cast<uint8_t>(why)); }
  void remove(Pause why) { bits_ = static_cast<uint8_t>(bits_ & ~static_cast<uint8_t>(why)); }
  bool any() const { return bits_ != 0; }
  bool has(Pause why) const { return (bits_ & static_cast<uint8_t>(why)) != 0; }

 private:
  uint8_t bits_ = 0;
};

}  // namespace gateway::net
