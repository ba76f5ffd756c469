#include "gateway/origin/deny_list.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <netinet/in.h>

namespace gateway::origin {

namespace {

constexpr size_t kMostNamed = 4;  // in the log; a name may have dozens

// The IPv4 address that a translator makes of it (64:ff9b::/96, RFC 6052 §2.1); empty: none.
std::string behind_nat64(const net::Address& address) {
  constexpr std::array<uint8_t, 12> kPrefix = {0x00, 0x64, 0xff, 0x9b};
  if (address.family() != AF_INET6) return {};
  const auto& octets = reinterpret_cast<const sockaddr_in6*>(address.get())->sin6_addr.s6_addr;
  if (!std::equal(kPrefix.begin(), kPrefix.end(), octets)) return {};
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  std::memcpy(&v4.sin_addr, octets + kPrefix.size(), sizeof v4.sin_addr);
  return net::Address(reinterpret_cast<const sockaddr*>(&v4)).host();
}

}  // namespace

Sifted sift(const std::string& name, const net::dns::Resolver::Answer& answer,
            const std::vector<config::Network>& denied) {
  if (answer.written) return {.allowed = answer.addresses, .denied = {}};
  Sifted sifted;
  std::string named;
  size_t count = 0;
  for (const net::Address& address : answer.addresses) {
    const std::string text = address.host();
    const std::string behind = behind_nat64(address);
    if (!config::any_contains(denied, text) &&
        (behind.empty() || !config::any_contains(denied, behind))) {
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
