// An address as it is kept for figures and logs: small, for whatever there are thousands of.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "gateway/net/address.h"

namespace gateway::net {

// The zone of an IPv6 address is not kept: no text of ours shows it.
class Endpoint {
 public:
  Endpoint() = default;  // unknown
  // Not explicit: it is the same address.
  Endpoint(const Address& address);  // NOLINT(google-explicit-constructor)

  bool known() const { return family_ != AF_UNSPEC; }
  uint16_t port() const { return port_; }
  // As an Address has it.
  std::string host() const { return address().host(); }
  std::string to_string() const { return address().to_string(); }
  Address address() const;

 private:
  std::array<uint8_t, 16> host_{};  // in network order; an IPv4 address stands in front
  uint16_t port_ = 0;
  uint8_t family_ = AF_UNSPEC;
};

}  // namespace gateway::net
