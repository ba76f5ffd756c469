// The two sides of a session.
#pragma once

#include <cstddef>
#include <cstdint>

#include "gateway/outcome/end.h"

namespace gateway::session {

enum class Side : uint8_t { client, origin };

constexpr size_t index(Side side) { return static_cast<size_t>(side); }

// The peer of that side, as who ended a session.
constexpr outcome::By by(Side side) {
  return side == Side::client ? outcome::By::client : outcome::By::origin;
}

}  // namespace gateway::session
