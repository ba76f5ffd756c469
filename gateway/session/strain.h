// Facts that few sessions have to tell at their end: how output stood, what TLS had agreed on.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/net/tls/tls_stream.h"

namespace gateway::session {

// Made when there is something to tell; an idle session has none.
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

  // Of the client's connection, taken before it goes.
  struct Tls {
    std::string_view version;
    std::string_view cipher;  // of OpenSSL's own, as the version: they stay
    std::string server_name;
    bool resumed = false;
  };
  void keep(const net::tls::Facts& facts) {
    tls_ = Tls{facts.version_name, facts.cipher, std::string(facts.server_name), facts.resumed};
  }
  const std::optional<Tls>& tls() const { return tls_; }

 private:
  struct Side {
    milliseconds paused{0};
    std::optional<milliseconds> since;
  };
  std::array<Side, 2> sides_;
  size_t peak_ = 0;
  std::optional<Tls> tls_;
};

}  // namespace gateway::session
