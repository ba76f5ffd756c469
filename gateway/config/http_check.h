// The rules about plain requests between the keys of one domain.
#pragma once

#include <vector>

#include "gateway/config/document.h"

namespace gateway::config {

// Whether the domain answers anything; what needs TLS has it.
void check_http(const Document& document, const Domain& domain, std::vector<Problem>& problems);

}  // namespace gateway::config
