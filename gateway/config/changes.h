// The keys of a new configuration that a reload cannot bring into force.
#pragma once

#include <string>
#include <vector>

#include "gateway/config/document.h"

namespace gateway::config {

// The paths of the keys that differ and that take effect with a restart alone.
std::vector<std::string> changed_for_restart(const Document& now, const Document& next);

}  // namespace gateway::config
