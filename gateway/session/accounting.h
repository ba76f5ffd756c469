// The usage records of a session: what it has moved since it began, in the AAA words.
#pragma once

#include <chrono>
#include <cstdint>

#include "gateway/session/record.h"
#include "gateway/session/relay.h"
#include "gateway/usage/record.h"

namespace gateway::session {

// The facts of a usage record beside the relay's figures.
struct Accounted {
  const Identity& identity;
  const std::string& domain;  // label
  const Relay& relay;
  int64_t opened_ms = 0;  // Unix milliseconds
  milliseconds lasted{0};
  milliseconds connected{0};  // of that, before it began to close
  uint32_t sequence = 0;
};
[[nodiscard]] usage::Record make_record(usage::Record::Kind kind, const Accounted& session);

}  // namespace gateway::session
