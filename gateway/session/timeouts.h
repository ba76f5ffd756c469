// When a session's next deadline is, and what it means. Activity only stores the time; everything
// is worked out here.
#pragma once

#include <chrono>
#include <optional>

#include "gateway/config/document.h"
#include "gateway/session/relay.h"

namespace gateway::session {

// The act that a deadline calls for.
enum class Act : uint8_t {
  idle,              // connection_timeout
  client_read_idle,  // read_idle and write_idle of that leg
  client_write_idle,
  origin_read_idle,
  origin_write_idle,
  lifetime,
  ping,  // a keepalive ping is due
  pong_missing,
  look_at_client,  // its queue stands: has it taken anything since?
  look_at_origin,
  interim,           // a usage record of what was moved so far
  close_waits,       // a Close of ours still has no place among the frames
  close_unsent,      // the Close that tells of an error was not taken within its time
  close_unanswered,  // close_timeout is over
};

struct Due {
  milliseconds when;
  Act act;
};

// "Never before T + 1 s": a peer that sends exactly every T seconds lives for ever (A <= B <= C
// allows equality).
inline constexpr milliseconds kGrace{1000};
// How often a standing queue is looked at: the precision of send_stall_timeout.
inline constexpr milliseconds kStallCheck{500};

inline constexpr milliseconds kNever = milliseconds::max();

struct Timers {
  milliseconds opened{0};
  milliseconds lifetime_ends = kNever;
  milliseconds interim = kNever;  // when the next usage record is due
  milliseconds closing_since{0};
  milliseconds pinged{0};  // when the last ping was sent, or the session opened
};

// When a Close that tells of an error and stands in the leg's queue is given up; nothing: none
// stands there.
std::optional<milliseconds> unsent_close_due(const config::WebSocket& settings, const Relay& relay,
                                             const Leg& leg);

// When a leg of a closing session is cut, whatever is missing.
milliseconds close_ends(const config::WebSocket& settings, const Relay& relay, const Timers& timers,
                        const Leg& leg);

// The earliest deadline of the relay's present state.
Due next_due(const config::WebSocket& settings, const Relay& relay, const Timers& timers);

}  // namespace gateway::session
