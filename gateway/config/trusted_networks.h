// Lists of networks that may say who a client is.
#pragma once

#include <string_view>
#include <vector>

#include "gateway/config/map_reader.h"
#include "gateway/config/network.h"

namespace gateway::config {

// Warns where the list has every address in it. What is wrong leaves `networks` as they were.
void read_trusted_networks(const MapReader& map, std::string_view key, Range length,
                           std::vector<Network>& networks);

}  // namespace gateway::config
