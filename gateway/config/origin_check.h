// The rules between the keys of one domain's origin.
#pragma once

#include <vector>

#include "gateway/config/document.h"

namespace gateway::config {

// That there is an origin, once, and that it is not Weir itself.
void check_servers(const Document& document, const Domain& domain, std::vector<Problem>& problems);
// Everything else about it.
void check_origin(const Domain& domain, std::vector<Problem>& problems);

}  // namespace gateway::config
