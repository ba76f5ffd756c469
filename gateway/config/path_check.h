// What only the disk can say of the paths in a document: whether they lead to what is somebody
// else's.
#pragma once

#include "gateway/config/check.h"

namespace gateway::config {

// Errors: log.access.path leads to a file of state_dir, to a file of the configuration or one that
// it names, or to nothing that lines can be written to.
void check_paths(const Document& document, Problems& problems);

}  // namespace gateway::config
