// How a session ended, once and for all: log, metrics and usage read it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/outcome/cause.h"
#include "proto/ws/close.h"

namespace gateway::outcome {

enum class By : uint8_t { client, origin, gateway };

// How far it had come when its last connection was gone; of one connection: when that was.
enum class Stage : uint8_t {
  connecting,  // nothing was sent to an origin
  upgrading,   // the request was, and no valid 101 came
  open,        // a peer was given no Close: it saw 1006
  closing,     // each was given one, but an answer is missing
  closed,      // the closing handshake is complete on both
};
inline constexpr size_t kStages = static_cast<size_t>(Stage::closed) + 1;

struct SessionEnd {
  By by = By::gateway;
  Stage stage = Stage::connecting;
  Cause cause = Cause::internal;
  proto::ws::CloseCode code =
      proto::ws::CloseCode::abnormal;  // what both sides were told, or would have been
};

std::string_view to_string(By by);
std::string_view to_string(Stage stage);

// Both in two letters: who (C client, O origin, W gateway), and how far (N connecting, U upgrading,
// O open, C closing, D closed).
std::string termination(By by, Stage stage);

}  // namespace gateway::outcome
