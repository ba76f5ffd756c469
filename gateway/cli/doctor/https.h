// Step 5: TLS as a browser sees it, and whether a page that came by it may open what it has to.
#pragma once

#include "gateway/cli/doctor/certificate.h"
#include "gateway/cli/doctor/finding.h"
#include "gateway/cli/doctor/reach.h"

namespace gateway::cli::doctor {

// At each entrance with TLS that accepts.
[[nodiscard]] Finding look_at_https(net::Loop& loop, const Onlooker& onlooker,
                                    const Subject& subject, const Reaches& reaches);

}  // namespace gateway::cli::doctor
