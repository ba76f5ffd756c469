// Step 4: what a proxy has to get right. The route and its switches, each server behind it asked
// past Weir, and what another proxy before Weir takes away.
#pragma once

#include "gateway/cli/doctor/connection.h"
#include "gateway/cli/doctor/finding.h"
#include "gateway/cli/doctor/subject.h"

namespace gateway::cli::doctor {

// `connection`: what step 1 was answered.
[[nodiscard]] Finding look_at_proxy(net::Loop& loop, const Subject& subject,
                                    const Connection& connection);

}  // namespace gateway::cli::doctor
