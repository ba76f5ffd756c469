#include "gateway/config/origin.h"

#include <algorithm>

#include "gateway/config/addresses.h"

namespace gateway::config {

bool ForwardProxy::is_direct(std::string_view server_host) const {
  auto matches = [server_host](const std::string& name) { return name_matches(name, server_host); };
  return any_contains(no_proxy_networks, server_host) ||
         std::any_of(no_proxy_names.begin(), no_proxy_names.end(), matches);
}

}  // namespace gateway::config
