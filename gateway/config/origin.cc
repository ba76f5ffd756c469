#include "gateway/config/origin.h"

#include <algorithm>

#include "gateway/config/addresses.h"
#include "proto/base/host.h"

namespace gateway::config {

const std::vector<Network>& default_deny_addresses() {
  static const std::vector<Network> kNetworks = [] {
    std::vector<Network> networks;
    // The single addresses are where clouds keep what a machine may know of itself: Azure,
    // Alibaba, Oracle, AWS, Google, Scaleway.
    for (const char* text :
         {"0.0.0.0/8", "127.0.0.0/8", "100.100.100.200", "168.63.129.16", "169.254.0.0/16",
          "192.0.0.192", "224.0.0.0/4", "255.255.255.255", "::/128", "::1", "fd00:42::42",
          "fd00:ec2::/32", "fd20:ce::254", "fe80::/10", "ff00::/8"}) {
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
