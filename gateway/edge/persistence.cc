#include "gateway/edge/persistence.h"

#include <algorithm>
#include <array>

#include "proto/http1/body_framer.h"
#include "proto/ws/handshake.h"

namespace gateway::edge {

bool asks_to_keep(const proto::http1::RequestHead& head) {
  if (head.fields.has_token("Connection", "close")) return false;
  return head.minor_version == 1 || head.fields.has_token("Connection", "keep-alive");
}

bool allows_to_keep(const config::NodeLimits& limits, uint64_t requests,
                    std::chrono::milliseconds age) {
  if (!limits.keep_alive) return false;
  if (limits.requests && requests >= *limits.requests) return false;
  return !limits.connection_age || age < *limits.connection_age;
}

bool keeps_behind(int status, const proto::http1::RequestHead& head) {
  constexpr std::array kKept{401, 403, 404, 405, 421, 429, 502, 503, 504};
  if (status >= 400 && std::ranges::find(kKept, status) == kKept.end()) return false;
  if (head.method == "CONNECT" || head.method == "TRACE") return false;
  return !proto::http1::request_body(head).has_body() && !proto::ws::asks_for_upgrade(head);
}

}  // namespace gateway::edge
