// The answers that are not refusals: the 101, and the page of a built-in origin.
#pragma once

#include <string>

#include "gateway/session/upgrade.h"
#include "proto/ws/handshake.h"

namespace gateway::edge {

// Exactly `HTTP/1.1 101 Switching Protocols`, one Upgrade, one Connection: some clients refuse
// anything else.
[[nodiscard]] std::string switching_response(const proto::ws::UpgradeRequest& request,
                                             const session::Upgrade::Upgraded& upgraded);

[[nodiscard]] std::string page_response();

}  // namespace gateway::edge
