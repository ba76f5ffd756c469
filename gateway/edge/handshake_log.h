// What the access log and the meters learn of a handshake, from what is known of the client so far.
#pragma once

#include <cstddef>

#include "gateway/edge/judgement.h"
#include "gateway/metrics/counters.h"
#include "gateway/net/tls/tls_stream.h"
#include "gateway/session/record.h"
#include "gateway/usage/meter/meter.h"

namespace gateway::edge {

// The parts of the story that the client tells. The views hold as long as `request` and `tls` do;
// tls may be null.
[[nodiscard]] session::HandshakeStory story_of(const Request& request,
                                               const net::tls::TlsStream* tls);

// Bytes of the client's request and of the answer to it: WebSocket is billed apart from all other
// HTTP.
void bill_handshake(usage::meter::Meter& meter, const Request& request, size_t asked,
                    size_t answered);

void count_tls(metrics::Listener& counters, const net::tls::TlsStream& tls);

}  // namespace gateway::edge
