// Passive health: what handshakes meet at a server decides whether the next ones go there.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include "gateway/outcome/failure.h"
#include "gateway/route/snapshot.h"

namespace gateway::origin {

using std::chrono::microseconds;
using std::chrono::milliseconds;

// What came of one attempt at one server.
struct Outcome {
  enum class Kind : uint8_t {
    upgraded,
    refused,  // an answer that is no 5xx: the server is alive
    status_5xx,
    connect_failed,  // its name was not resolved, it refused, or the connection was reset
    tls_failed,
    timed_out,
    bad_answer,  // a 101 that is none, or no HTTP
    abandoned,   // the client left first, or we lacked something: nothing is learned
  };
  Kind kind = Kind::upgraded;
  microseconds took{0};                   // of upgraded: connect plus handshake; 0: not measured
  std::optional<outcome::Cause> cause{};  // counted for it; nothing: the kind's own
};

[[nodiscard]] Outcome outcome_of(const outcome::Failure& failure);

//  serving ──failures in a row──▶ ejected ──time──▶ on trial ──success──▶ serving
//                                    ▲                  └──failure──┐
//                                    └──────────────────────────────┘
// On trial a server gets one request at a time.
enum class ServerState : uint8_t { serving, ejected, on_trial };
[[nodiscard]] ServerState state_of(const route::Backend& backend, milliseconds now);

// Takes the trial of a server that is on trial, right before it is asked; false: another request
// has it. Reporting its outcome gives it back, and so does time, when nobody reports.
[[nodiscard]] bool begin_trial(route::Backend& backend, milliseconds now);
[[nodiscard]] bool trial_is_free(const route::Backend& backend, milliseconds now);

// Counts the outcome of an attempt at `server`, an index of pool.servers, and ejects it where
// that is due; but never the last server of the pool that is alive.
void report(const route::Pool& pool, size_t server, const Outcome& outcome, milliseconds now);

// Ends an ejection because nobody else is left: with the next failure it is due again.
void lift_ejection(route::Backend& backend);

// Active checks have found it alive again: what happened before says nothing any more.
void pardon(route::Backend& backend);

// Connect plus handshake as it is expected to be; 0: no figure yet. Without new ones a figure
// fades, so that a server that was slow once is asked again.
[[nodiscard]] uint32_t expected_us(const route::Backend& backend, milliseconds now);

}  // namespace gateway::origin
