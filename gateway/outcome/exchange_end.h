// How a plain request ended, once and for all: log, metrics and usage read it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/outcome/cause.h"
#include "gateway/outcome/end.h"

namespace gateway::outcome {

// How far it had come.
enum class ExchangeStage : uint8_t {
  connecting,  // nothing was sent to an origin
  waiting,     // something was, and the head of its answer had not gone to the client
  streaming,   // the head had
};

struct ExchangeEnd {
  std::optional<Cause> cause = std::nullopt;  // nothing: done, the answer is whole
  By by = By::origin;                         // who ended it; of what is done, whose answer it is
  std::string why = {};                       // one line for the log; empty when it is done
  std::string detail = {};                    // for the log alone: names what is inside
};

// What the choice of a server by `sticky` has come to.
enum class Sticky : uint8_t {
  none,     // not asked for, or nothing to know a client by
  made,     // the client was given a server to stay with
  kept,     // it has come to the server that it had
  moved,    // that one could not be had: it was given another
  learned,  // its session's id was read from the answer
};
inline constexpr size_t kStickies = static_cast<size_t>(Sticky::learned) + 1;

// What made it necessary that a request was asked again.
enum class RetryWhy : uint8_t {
  connect,    // no connection came to be
  stale,      // a kept connection was gone
  no_answer,  // a new one was
  answered_502,
  answered_503,
  answered_504,
};
inline constexpr size_t kRetryWhys = static_cast<size_t>(RetryWhy::answered_504) + 1;

std::string_view to_string(ExchangeStage stage);
std::string_view to_string(Sticky sticky);  // made is "new"
std::string_view to_string(RetryWhy why);   // answered_502 is "502"
// "done" without a cause.
std::string_view to_string(const std::optional<Cause>& cause);

}  // namespace gateway::outcome
