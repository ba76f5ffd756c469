// What only few sessions have.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/net/tls/tls_stream.h"
#include "proto/ws/close.h"

namespace gateway::session {

// How output stood.
class Strain {
 public:
  using milliseconds = std::chrono::milliseconds;

  // Reading from a side stops, because the other does not take, and goes on.
  void paused(size_t side, milliseconds now) { sides_[side].since = now; }
  void resumed(size_t side, milliseconds now) {
    Side& one = sides_[side];
    if (one.since) one.paused += now - *one.since;
    one.since.reset();
  }
  milliseconds paused_for(size_t side) const { return sides_[side].paused; }
  // So many bytes stood in a queue.
  void queued(size_t bytes) { peak_ = std::max(peak_, bytes); }
  size_t peak() const { return peak_; }

 private:
  struct Side {
    milliseconds paused{0};
    std::optional<milliseconds> since;
  };
  std::array<Side, 2> sides_;
  size_t peak_ = 0;
};

// Made by the relay when there is the first of it, and kept to the session's end: an idle session
// pays one pointer for all of it.
struct Rare {
  using milliseconds = std::chrono::milliseconds;

  Strain strain;

  // Of the client's connection, taken before it goes.
  struct Tls {
    std::string_view version;
    std::string_view cipher;  // of OpenSSL's own, as the version: they stay
    std::string server_name;
    bool resumed = false;
  };
  std::optional<Tls> tls;

  // A Close of ours that has to wait.
  struct Waiting {
    std::array<proto::ws::CloseCode, 2> codes;  // by side
    std::string reason;
    milliseconds until;
  };
  std::optional<Waiting> waiting;

  std::string reason;  // of an end that the session decided; empty: it did not

  // A ping that stands behind bytes which the client has not taken yet.
  struct QueuedPing {
    milliseconds progress{0};  // when the client was last seen to have taken some
    uint64_t acknowledged = 0;
    bool more = true;  // there were some left
  };
  std::optional<QueuedPing> queued_ping;

  struct Stall {
    milliseconds since{0};  // no byte was taken since
    milliseconds checked{0};
    uint64_t taken = 0;
  };
  std::array<std::optional<Stall>, 2> stalls;  // by side; only while that leg's queue stands
};

}  // namespace gateway::session
