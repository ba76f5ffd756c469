// The key that a node makes for itself, for what it gives clients to bring back: sticky cookies
// without a key of the operator's.
#pragma once

#include <string>

#include "proto/base/result.h"

namespace gateway::server {

// Where it stands in that state_dir, whose lock is ours.
[[nodiscard]] std::string node_key_path(const std::string& state_dir);

// Made with the first question, mode 0600, and the same from then on, after a restart, too. Error:
// why it cannot be had.
[[nodiscard]] proto::Result<std::string, std::string> node_key(const std::string& state_dir);

}  // namespace gateway::server
