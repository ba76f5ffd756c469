#include "gateway/edge/refusal.h"

#include "gateway/net/blame.h"

namespace gateway::edge {

using outcome::By;
using outcome::Cause;

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
