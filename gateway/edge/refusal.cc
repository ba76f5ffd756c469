#include "gateway/edge/refusal.h"

#include "gateway/net/blame.h"

namespace gateway::edge {

using outcome::By;
using outcome::Cause;

Refusal refused_method(const std::string& allowed) {
  return {.status = 405,
          .cause = Cause::method_refused,
          .why = "this method is not answered here",
          .fields = "Allow: " + allowed + "\r\n"};
}

Refusal refused_as_plain() {
  return {.status = 426,
          .cause = Cause::not_an_upgrade,
          .why = "this address speaks WebSocket: ask for an upgrade (RFC 6455)",
          .detail = "plain requests are answered where http.enabled is true"};
}

Refusal refused_by_drain() {
  return {
      .status = 503, .cause = Cause::drain, .why = "this node is being drained", .by = By::gateway};
}

Refusal lost_by_own_fault(int code) {
  const net::OwnFault fault = net::explain_own_fault(code);
  return {.cause = Cause::overload,
          .why = std::string(fault.what),
          .by = By::gateway,
          .detail = std::string(fault.remedy)};
}

}  // namespace gateway::edge
