#include "gateway/config/origin.h"

#include <algorithm>

#include "gateway/config/addresses.h"
#include "proto/base/host.h"

namespace gateway::config {

const std::vector<Network>& default_deny_addresses() {
  static const std::vector<Network> kNetworks = [] {
    std::vector<Network> networks;
    for (const char* text : {"0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "255.255.255.255",
                             "::/128", "fe80::/10", "ff00::/8"}) {
      networks.push_back(*parse_network(text));
    }
    return networks;
  }();
  return kNetworks;
}

bool ForwardProxy::is_direct(std::string_view server_host) const {
  auto matches = [host = proto::without_root(server_host)](const std::string& name) {
    return name_matches(name, host);
  };
  return any_contains(no_proxy_networks, server_host) ||
         std::any_of(no_proxy_names.begin(), no_proxy_names.end(), matches);
}

}  // namespace gateway::config
