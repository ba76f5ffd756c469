// Strict-Transport-Security (RFC 6797), which an answer over TLS has from the configuration alone.
#pragma once

#include <string>

#include "gateway/edge/request.h"

namespace gateway::edge {

// The fields of an answer to the request: where its route or domain has http.hsts and the client is
// on TLS, with that in place of what they said of it. Else as they are.
[[nodiscard]] std::string with_hsts(const Request& request, std::string fields);

}  // namespace gateway::edge
