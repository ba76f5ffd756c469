// How long a client may take over one exchange: to send its body, and to read its answer. Activity
// only stores what it did and when; everything is worked out here.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "gateway/config/http.h"

namespace gateway::edge {

// Two clocks. The body's runs while we are willing to read it, and stands while it is paused: no
// byte for http.body_timeout, or fewer than http.body_rate over a minute of it. The answer's runs
// while bytes of it wait, and begins anew with each that is taken: http.send_stall_timeout.
class ClientPace {
 public:
  using milliseconds = std::chrono::milliseconds;

  static constexpr milliseconds kSpan{60'000};     // over which a body's rate is looked at
  static constexpr milliseconds kStallCheck{500};  // how often waiting bytes are

  // What was waited for in vain.
  enum class Late : uint8_t { nothing, body_silent, body_slow, stalled };

  // Outlives it.
  explicit ClientPace(const config::Http& settings) : settings_(settings) {}

  void body_wanted(milliseconds now);
  void body_unwanted(milliseconds now);
  void body_came(milliseconds now, size_t bytes);

  // `taken`: how many bytes the client has acknowledged by now; never less than before.
  void answer_waits(milliseconds now, uint64_t taken);
  void answer_taken() { stall_.reset(); }
  bool waits_for_answer() const { return stall_.has_value(); }

  // When it is to be looked at; nothing: no clock runs.
  std::optional<milliseconds> due() const;
  Late look(milliseconds now, uint64_t taken);

 private:
  static constexpr size_t kParts = 6;
  static constexpr milliseconds kPart = kSpan / kParts;
  struct Stall {
    milliseconds since{0};  // no byte was taken since
    milliseconds checked{0};
    uint64_t taken = 0;
  };

  // How long we have been willing to read.
  milliseconds willing(milliseconds now) const {
    return wanted_since_ ? before_ + (now - *wanted_since_) : before_;
  }
  void enter_part(milliseconds now);

  const config::Http& settings_;
  std::optional<milliseconds> wanted_since_;
  milliseconds before_{0};  // willing, up to the last pause
  milliseconds last_byte_{0};
  std::array<uint64_t, kParts> parts_{};  // bytes of the last ones, by their number
  uint64_t part_ = 0;                     // the number of the one that is under way
  bool too_slow_ = false;
  std::optional<Stall> stall_;
};

}  // namespace gateway::edge
