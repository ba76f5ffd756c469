// Judges a request before a byte of it goes anywhere: whose it is, and whether it may become a
// session.
#pragma once

#include <optional>

#include "gateway/edge/refusal.h"
#include "gateway/edge/request.h"

namespace gateway::edge {

// By Host and path: 400, 404, 405 for CONNECT and TRACE, 508. Over TLS the name of the connection
// must lead to the same domain, else 421. A path that other servers may read as that of another
// route: 400. No route leads to `OPTIONS *`.
[[nodiscard]] std::optional<Refusal> find_domain(Request& request);

// TLS where it is required (403), the handshake (400, 417, 426), the route's switch and the
// domain's allowed origins (403), its budget (429), a node that is leaving (503).
[[nodiscard]] std::optional<Refusal> judge_upgrade(bool draining, Request& request);

}  // namespace gateway::edge
