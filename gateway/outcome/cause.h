// Why a session, a request or a connection ended, in the words of log, metric, record and Close.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gateway::outcome {

// The first cause wins.
enum class Cause : uint8_t {
  client_close,  // the peer began the closing handshake
  origin_close,
  client_abort,  // the connection was lost without a Close
  origin_abort,
  idle_timeout,  // connection_timeout: nothing from either peer
  client_idle,   // read_idle or write_idle of that leg
  origin_idle,
  pong_timeout,
  max_lifetime,
  slow_consumer,  // send_stall_timeout
  protocol_error,
  message_too_big,  // websocket.max_message
  drain,
  overload,
  quota,            // usage.budget is used up; also before the 101
  domain_disabled,  // switched off by a reload, with on_disable: drain
  domain_removed,   // no longer configured since a reload
  internal,
  // before the 101:
  bad_request,
  request_timeout,  // the request head did not come in time
  proxy_header,     // the PROXY header of a load balancer: missing, malformed, or not allowed
  no_route,
  misdirected,     // the TLS server name and Host disagree
  no_certificate,  // a TLS listener, and no domain has a certificate
  websocket_disabled,
  origin_not_allowed,  // the Origin field, by access.origins
  not_an_upgrade,
  loop,
  origin_resolve,
  origin_connect,
  origin_tls,
  origin_timeout,
  origin_bad_upgrade,      // a 101 that is none, or no HTTP
  origin_refused_upgrade,  // any other answer: passed on
  origin_down,             // every server is down, by its checks or by what it did
  origin_redirect,         // a redirect that leads nowhere, in circles or where it must not
  origin_auth,             // the origin does not accept our credentials, or asks for others
  proxy_connect,           // the forward proxy gave no tunnel
  // of plain requests:
  path_refused,         // its path can be read in more than one way
  tls_required,         // came without TLS
  method_refused,       // unknown, or not answered here
  body_timeout,         // no byte of the request's body came in time, or too few
  body_too_large,       // http.max_body
  max_duration,         // http.max_duration
  origin_bad_response,  // what came is no answer, or none that can be passed on
  origin_stale,         // a kept connection was closed while the request was on its way
};
inline constexpr size_t kCauses = static_cast<size_t>(Cause::origin_stale) + 1;

std::string_view to_string(Cause cause);

}  // namespace gateway::outcome
