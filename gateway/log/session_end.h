// How a session ended, once and for all: log, metrics and usage read it. Stands here because all of
// them do.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proto/ws/close.h"

namespace gateway::log {

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

// Why. The first cause wins. Names are those of log and metric.
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
};
inline constexpr size_t kCauses = static_cast<size_t>(Cause::proxy_connect) + 1;

struct SessionEnd {
  By by = By::gateway;
  Stage stage = Stage::connecting;
  Cause cause = Cause::internal;
  proto::ws::CloseCode code =
      proto::ws::CloseCode::abnormal;  // what both sides were told, or would have been
};

std::string_view to_string(By by);
std::string_view to_string(Stage stage);
std::string_view to_string(Cause cause);

// Both in two letters: who (C client, O origin, W gateway), and how far (N connecting, U upgrading,
// O open, C closing, D closed).
std::string termination(By by, Stage stage);

}  // namespace gateway::log
