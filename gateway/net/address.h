// An IP address with a port, as the socket calls take it.
#pragma once

#include <cstdint>
#include <netinet/in.h>
#include <optional>
#include <string>
#include <string_view>
#include <sys/socket.h>

namespace gateway::net {

class Address {
 public:
  Address() = default;
  // The first `length` bytes of an AF_INET or AF_INET6 address.
  explicit Address(const sockaddr* address);

  // An IPv4 or IPv6 literal, with or without brackets; nothing for a name.
  static std::optional<Address> parse(std::string_view host, uint16_t port);
  static std::optional<Address> local_of(int fd);
  static std::optional<Address> peer_of(int fd);

  const sockaddr* get() const;
  socklen_t size() const;
  int family() const { return family_; }
  uint16_t port() const;
  void set_port(uint16_t port);
  bool is_any() const;            // 0.0.0.0 or ::, at which a listener means every address
  std::string host() const;       // without brackets; an IPv4-mapped address as IPv4
  std::string to_string() const;  // "127.0.0.1:80", "[::1]:80"

  bool is_same_host(const Address& other) const;  // whatever their ports
  // An IPv4-mapped address is the IPv4 address in it.
  friend bool operator==(const Address& a, const Address& b);

 private:
  union {
    sockaddr_in v4_;
    sockaddr_in6 v6_{};
  };
  sa_family_t family_ = AF_UNSPEC;
};

}  // namespace gateway::net
