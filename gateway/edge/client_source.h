// Who asks: the connection's peer, or whom a trusted proxy names.
#pragma once

#include "gateway/edge/request.h"
#include "gateway/origin/question.h"

namespace gateway::edge {

// Sets what the request says of its client, from its fields where its peer is one of
// trusted_proxies. Of any other it changes nothing: whatever a client writes of itself.
void find_client(Request& request);

// As an origin is asked for it; views the request. Its head, target and route are known.
[[nodiscard]] origin::Asked asked_by(const Request& request);

}  // namespace gateway::edge
