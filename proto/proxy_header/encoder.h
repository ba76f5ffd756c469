// Writes the PROXY protocol header that goes first on a connection to an origin.
#pragma once

#include <string>

#include "proto/proxy_header/header.h"

namespace proto::proxy_header {

// Both ends of the client's connection. When they are of two families, both are written as IPv6,
// which the protocol cannot mix.
[[nodiscard]] std::string write_header(Version version, const Addresses& addresses);

// For a connection of our own, as a health check is: LOCAL in version 2. Version 1 has only
// UNKNOWN, which some receivers refuse (§2.1); where both ends are known, write them instead.
[[nodiscard]] std::string write_local(Version version);

}  // namespace proto::proxy_header
