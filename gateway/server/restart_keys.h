// Keys of the node file that a reload cannot bring into force.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "gateway/config/document.h"

namespace gateway::server {

// Those that `next` says differently than what the process was started with, with `workers`
// running: a line for each.
[[nodiscard]] std::vector<std::string> keys_that_wait(const config::Document& started_with,
                                                      const config::Document& next, size_t workers);

}  // namespace gateway::server
