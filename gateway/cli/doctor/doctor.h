// `weir doctor`: goes through what stands between a page and its WebSocket, in the order in which
// the vendor of FineDataLink has it done, and says which step is the cause.
#pragma once

#include <iosfwd>
#include <string>

#include "gateway/cli/doctor/finding.h"
#include "gateway/cli/doctor/subject.h"

namespace gateway::cli::doctor {

// All steps, each with its own ten seconds; the lines go out as they are found, with `json` the
// objects when all are. It changes nothing, and needs no Weir that runs.
[[nodiscard]] Findings examine(const Subject& subject, bool json, std::ostream& out);

}  // namespace gateway::cli::doctor
