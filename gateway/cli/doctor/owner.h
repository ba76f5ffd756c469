// Step 3: who holds the ports on this machine, and whether that is the Weir of this configuration.
#pragma once

#include "gateway/cli/doctor/finding.h"
#include "gateway/cli/doctor/subject.h"

namespace gateway::cli::doctor {

[[nodiscard]] Finding look_at_owners(const Subject& subject);

// Where one of several ports is enough, the one that this configuration's Weir holds is the way in:
// whoever holds another one may accept, too. Without such a Weir it stays as it is.
[[nodiscard]] Subject with_ports_that_won(Subject subject);

}  // namespace gateway::cli::doctor
