// The rules between the keys of an origin.
#pragma once

#include "gateway/config/scope.h"

namespace gateway::config {

// That there is an origin, once, and that it is not Weir itself.
void check_servers(const Document& document, const Scope& scope);
// Everything else about it.
void check_origin(const Scope& scope);

}  // namespace gateway::config
