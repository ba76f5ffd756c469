#include "gateway/config/trusted_networks.h"

#include <algorithm>
#include <utility>

namespace gateway::config {

void read_trusted_networks(const MapReader& map, std::string_view key, Range length,
                           std::vector<Network>& networks) {
  if (auto given = list_of<Network>(map, key, length, parse_network)) networks = std::move(*given);
  const auto everybody = [](const Network& network) { return network.prefix == 0; };
  if (std::ranges::any_of(networks, everybody)) {
    map.warn(key, "W_TRUSTS_EVERYBODY",
             "every client may name any address as its own: list the networks of your load "
             "balancers alone");
  }
}

}  // namespace gateway::config
