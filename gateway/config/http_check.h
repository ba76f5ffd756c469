// The rules about plain requests between the keys of a domain, or of one of its routes.
#pragma once

#include "gateway/config/scope.h"

namespace gateway::config {

// Whether anything is answered; what needs TLS has it; what chat over HTTP needs.
void check_http(const Document& document, const Scope& scope);

}  // namespace gateway::config
