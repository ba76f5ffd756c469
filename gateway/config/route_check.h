// The rules between the routes of one domain.
#pragma once

#include <vector>

#include "gateway/config/document.h"

namespace gateway::config {

// Each prefix stands once, no redirect leads to itself, and what is configured can be reached.
void check_routes(const Domain& domain, std::vector<Problem>& problems);

}  // namespace gateway::config
