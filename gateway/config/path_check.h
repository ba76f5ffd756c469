// The rules of paths that need a look at the disk: whether they lead to somebody else's file.
#pragma once

#include "gateway/config/check.h"

namespace gateway::config {

// Errors: log.access.path leads to a file of state_dir, to a file of the configuration or one that
// it names, or to nothing that lines can be written to.
void check_paths(const Document& document, Problems& problems);

}  // namespace gateway::config
