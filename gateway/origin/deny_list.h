// Which addresses of a name may be connected to (`origin.deny_addresses`): DNS belongs to others,
// and what it says must not lead to this machine's cloud metadata or to a broadcast.
#pragma once

#include <string>
#include <vector>

#include "gateway/config/network.h"
#include "gateway/net/dns/resolver.h"

namespace gateway::origin {

struct Sifted {
  std::vector<net::Address> allowed;
  std::string denied;  // for the log, "name: 169.254.169.254 is in deny_addresses"; empty: none is
};

// What stands in /etc/hosts, and localhost, is the operator's own word and passes.
[[nodiscard]] Sifted sift(const std::string& name, const net::dns::Resolver::Answer& answer,
                          const std::vector<config::Network>& denied);

}  // namespace gateway::origin
