#include "gateway/log/session_end.h"

namespace gateway::log {

std::string_view to_string(By by) {
  constexpr std::array<std::string_view, 3> kNames{"client", "origin", "gateway"};
  return kNames[static_cast<size_t>(by)];
}

std::string_view to_string(Stage stage) {
  constexpr std::array<std::string_view, kStages> kNames{"connecting", "upgrading", "open",
                                                         "closing", "closed"};
  return kNames[static_cast<size_t>(stage)];
}

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
                                                         "proxy_connect"};
  return kNames[static_cast<size_t>(cause)];
}

std::string termination(By by, Stage stage) {
  constexpr std::string_view kWho = "COW";
  constexpr std::string_view kHowFar = "NUOCD";
  return {kWho[static_cast<size_t>(by)], kHowFar[static_cast<size_t>(stage)]};
}

}  // namespace gateway::log
