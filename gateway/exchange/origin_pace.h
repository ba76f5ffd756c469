// How long an origin may take over one exchange: to take the request, and to answer it. Activity
// only stores what was done and when; everything is worked out here.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "gateway/config/origin.h"

namespace gateway::exchange {

using std::chrono::milliseconds;

// One clock at a time: while the request waits for the origin to take it, the stall's; once it has
// gone, or an answer has begun, the answer's. Neither runs while the client is waited for. Beside
// them http.max_duration runs from the beginning.
class OriginPace {
 public:
  static constexpr milliseconds kStallCheck{500};  // how often waiting bytes are looked at

  // Both outlive it.
  OriginPace(const config::Http& http, const config::Origin& origin)
      : http_(http), origin_(origin) {}

  void begin(milliseconds now) { began_ = now; }

  // The connection has refused bytes. `head`: of the request's head, for which io_timeout holds.
  void stall(milliseconds now, size_t queued, bool head);
  void flow() { stall_.reset(); }

  // The answer is waited for from here on; again: something of it, or of the request, has moved.
  void await_answer(milliseconds now) { quiet_since_ = now; }
  // The client is waited for.
  void await_client() { quiet_since_.reset(); }
  bool awaits_answer() const { return quiet_since_.has_value(); }
  // Its events may be far between.
  void expect_events() { events_ = true; }

  // When it is to be looked at; nothing: no clock runs.
  std::optional<milliseconds> due() const;

  // What was waited for in vain.
  enum class Late : uint8_t { nothing, taking, answering, whole };
  Late look(milliseconds now, size_t queued);
  // In words, for log and client.
  std::string why(Late late) const;

 private:
  struct Stall {
    milliseconds since{0};  // nothing was taken since
    milliseconds checked{0};
    size_t queued = 0;
    bool head = false;
  };

  std::optional<milliseconds> answer_limit() const;
  std::optional<milliseconds> stall_limit() const;

  const config::Http& http_;
  const config::Origin& origin_;
  milliseconds began_{0};
  std::optional<milliseconds> quiet_since_;
  std::optional<Stall> stall_;
  bool events_ = false;
};

}  // namespace gateway::exchange
