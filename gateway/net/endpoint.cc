#include "gateway/net/endpoint.h"

#include <cstring>

namespace gateway::net {

Endpoint::Endpoint(const Address& address)
    : port_(address.family() == AF_UNSPEC ? uint16_t{0} : address.port()),
      family_(static_cast<uint8_t>(address.family())) {
  static_assert(sizeof(Endpoint) == 20, "a session has two, and sessions are many");
  if (family_ == AF_INET) {
    std::memcpy(host_.data(), &reinterpret_cast<const sockaddr_in*>(address.get())->sin_addr,
                sizeof(in_addr));
  } else if (family_ == AF_INET6) {
    std::memcpy(host_.data(), &reinterpret_cast<const sockaddr_in6*>(address.get())->sin6_addr,
                sizeof(in6_addr));
  }
}

Address Endpoint::address() const {
  Address address;
  if (family_ == AF_INET) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    std::memcpy(&v4.sin_addr, host_.data(), sizeof v4.sin_addr);
    address = Address(reinterpret_cast<const sockaddr*>(&v4));
  } else if (family_ == AF_INET6) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    std::memcpy(&v6.sin6_addr, host_.data(), sizeof v6.sin6_addr);
    address = Address(reinterpret_cast<const sockaddr*>(&v6));
  }
  if (known()) address.set_port(port_);
  return address;
}

}  // namespace gateway::net
