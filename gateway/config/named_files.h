// The files that a configuration names beside its own: certificates, keys, passwords.
#pragma once

#include <string>
#include <vector>

#include "gateway/config/document.h"

namespace gateway::config {

// Each once, in the order of their paths.
[[nodiscard]] std::vector<std::string> named_files(const Document& document);

// Those whose contents stand in the domain itself: of passwords.
[[nodiscard]] std::vector<std::string> secret_files(const Domain& domain);

}  // namespace gateway::config
