#include "gateway/outcome/cause.h"

#include <array>

namespace gateway::outcome {

std::string_view to_string(Cause cause) {
  constexpr std::array<std::string_view, kCauses> kNames{"client_close",
                                                         "origin_close",
                                                         "client_abort",
                                                         "origin_abort",
                                                         "idle_timeout",
                                                         "client_idle",
                                                         "origin_idle",
                                                         "pong_timeout",
                                                         "max_lifetime",
                                                         "slow_consumer",
                                                         "protocol_error",
                                                         "message_too_big",
                                                         "drain",
                                                         "overload",
                                                         "quota",
                                                         "domain_disabled",
                                                         "domain_removed",
                                                         "internal",
                                                         "bad_request",
                                                         "request_timeout",
                                                         "proxy_header",
                                                         "no_route",
                                                         "misdirected",
                                                         "no_certificate",
                                                         "websocket_disabled",
                                                         "origin_not_allowed",
                                                         "not_an_upgrade",
                                                         "loop",
                                                         "origin_resolve",
                                                         "origin_connect",
                                                         "origin_tls",
                                                         "origin_timeout",
                                                         "origin_bad_upgrade",
                                                         "origin_refused_upgrade",
                                                         "origin_down",
                                                         "origin_redirect",
                                                         "origin_auth",
                                                         "proxy_connect",
                                                         "path_refused",
                                                         "tls_required",
                                                         "method_refused",
                                                         "body_timeout",
                                                         "body_too_large",
                                                         "max_duration",
                                                         "origin_bad_response",
                                                         "origin_stale"};
  return kNames[static_cast<size_t>(cause)];
}

}  // namespace gateway::outcome
