// Which open sessions a configuration in force, or a budget, lets go on no longer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/outcome/cause.h"
#include "gateway/route/change.h"

namespace gateway::server {

// Why sessions have to end, and what their peers are told.
struct Leaving {
  outcome::Cause cause;
  proto::ws::CloseCode code;
  std::string_view reason;
};

inline constexpr Leaving kDrained{outcome::Cause::drain, proto::ws::CloseCode::service_restart,
                                  "the gateway is restarting"};

// The domain of `now` that serves the names of `domain`, which is of this configuration or an older
// one: by its first name, else by the next one that is still there. Null: nobody serves any of
// them.
[[nodiscard]] const route::Domain* successor(const route::Snapshot& now,
                                             const route::Domain& domain);

// Whether the sessions of a route with this prefix, of a domain with this successor, have to end:
// nobody serves the domain or the path any more, WebSocket is switched off there with on_disable:
// drain, or the domain's budget is used up and says close. Nothing: they stay.
[[nodiscard]] std::optional<Leaving> leaving(const route::Domain* successor,
                                             std::string_view prefix);

// Sessions that a reload ends.
struct Departing {
  std::string domain;
  std::string route;  // its prefix; empty: all of the domain's
  outcome::Cause cause;
  uint64_t sessions;  // open now, of all workers; of the whole domain
};
[[nodiscard]] std::vector<Departing> departing(const route::Change& change);

// A line for each of the first domains, and one for the rest.
[[nodiscard]] std::vector<std::string> lines_of(const std::vector<Departing>& departing);

}  // namespace gateway::server
