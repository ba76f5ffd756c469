// A range of IP addresses, as "10.0.0.0/8" names one.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proto/base/result.h"

namespace gateway::config {

struct Network {
  std::array<uint8_t, 16> address{};  // in network order; an IPv4 address fills the first four
  bool ipv6 = false;
  uint8_t prefix = 0;  // leading bits that count: 0 to 32, or to 128

  // `ip` is a literal, as net::Address::host() gives it. False for any other text. An IPv4-mapped
  // address is the IPv4 address in it; beyond that a network holds addresses of its own family
  // alone.
  [[nodiscard]] bool contains(std::string_view ip) const;

  bool operator==(const Network&) const = default;
};

// "10.0.0.0/8", "2001:db8::/32", or a single address. Error: what is wrong, for the operator.
[[nodiscard]] proto::Result<Network, std::string> parse_network(std::string_view text);
std::string to_string(const Network& network);

[[nodiscard]] bool any_contains(const std::vector<Network>& networks, std::string_view ip);

}  // namespace gateway::config
