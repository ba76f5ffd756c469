// What this build is.
#pragma once

#include <string_view>

namespace gateway::server {

std::string_view version();  // "0.1.0"
std::string_view commit();   // of the source tree, or "unknown"

}  // namespace gateway::server
