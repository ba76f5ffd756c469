#include "gateway/origin/deny_list.h"

namespace gateway::origin {

namespace {

constexpr size_t kMostNamed = 4;  // in the log; a name may have dozens

}  // namespace

Sifted sift(const std::string& name, const std::vector<net::Address>& addresses,
            const std::vector<config::Network>& denied) {
  Sifted sifted;
  std::string named;
  size_t count = 0;
  for (const net::Address& address : addresses) {
    const std::string text = address.host();
    if (!config::any_contains(denied, text)) {
      sifted.allowed.push_back(address);
    } else if (++count <= kMostNamed) {
      named += (named.empty() ? "" : ", ") + text;
    }
  }
  if (count == 0) return sifted;
  if (count > kMostNamed) named += " and " + std::to_string(count - kMostNamed) + " more";
  sifted.denied = name + ": " + named + (count == 1 ? " is" : " are") + " in deny_addresses";
  return sifted;
}

}  // namespace gateway::origin
