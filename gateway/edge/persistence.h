// Whether a client's connection serves another request behind an answer (RFC 9112 §9.3).
#pragma once

#include <chrono>
#include <cstdint>

#include "gateway/config/document.h"
#include "proto/http1/head.h"

namespace gateway::edge {

// What the request says: HTTP/1.1 keeps a connection unless it says close, HTTP/1.0 closes it
// unless it says keep-alive.
[[nodiscard]] bool asks_to_keep(const proto::http1::RequestHead& head);

// What this node says. `requests`: so many have come on it, this one included.
[[nodiscard]] bool allows_to_keep(const config::NodeLimits& limits, uint64_t requests,
                                  std::chrono::milliseconds age);

// Behind an answer of our own with that status. Every answer to an attempt at WebSocket closes, and
// so does one to a request whose body is not read; what is refused for its framing or its method
// may be followed by bytes that are no request.
[[nodiscard]] bool keeps_behind(int status, const proto::http1::RequestHead& head);

}  // namespace gateway::edge
