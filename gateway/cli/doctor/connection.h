// Step 1: what a page does. An upgrade that is judged as strictly as an origin's, then Socket.IO
// from its first poll to its probe.
#pragma once

#include <string>

#include "gateway/cli/doctor/certificate.h"
#include "gateway/cli/doctor/finding.h"
#include "gateway/cli/doctor/reach.h"

namespace gateway::cli::doctor {

struct Connection {
  Finding finding;
  std::string refusal;  // the body of an answer that was no 101, in one line
};

// By the best of the ways in. Whatever certificate is shown there is step 5's to judge.
[[nodiscard]] Connection look_at_connection(net::Loop& loop, const Onlooker& onlooker,
                                            const Subject& subject, const Reaches& reaches);

}  // namespace gateway::cli::doctor
