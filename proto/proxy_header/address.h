// IP addresses as plain data with their text forms: proto/ knows no sockets.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proto/base/bytes.h"

namespace proto::proxy_header {

enum class Family : uint8_t { ipv4, ipv6 };

struct Address {
  Family family = Family::ipv4;
  std::array<uint8_t, 16> octets{};  // in network order; of an IPv4 address the first four
  uint16_t port = 0;

  [[nodiscard]] Bytes bytes() const {
    return Bytes(octets).first(family == Family::ipv4 ? 4 : octets.size());
  }
  friend bool operator==(const Address&, const Address&) = default;
};

// Dotted decimals, or RFC 5952 without its mixed form, which PROXY version 1 does not know. No
// port, no brackets.
[[nodiscard]] std::string to_text(const Address& address);

// Four decimals without leading zeros.
[[nodiscard]] std::optional<Address> parse_ipv4(std::string_view text);
// RFC 4291 §2.2, with a dotted tail too: senders that use inet_ntop write IPv4-mapped addresses so.
[[nodiscard]] std::optional<Address> parse_ipv6(std::string_view text);
// Decimal, 0 to 65535, without leading zeros.
[[nodiscard]] std::optional<uint16_t> parse_port(std::string_view text);

// The address as IPv6: ::ffff:a.b.c.d for an IPv4 address (RFC 4291 §2.5.5.2).
[[nodiscard]] Address as_ipv6(const Address& address);

}  // namespace proto::proxy_header
