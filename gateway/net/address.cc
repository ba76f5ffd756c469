#include "gateway/net/address.h"

#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <cstring>

namespace gateway::net {

Address::Address(const sockaddr* address) : family_(address->sa_family) {
  if (family_ == AF_INET) {
    std::memcpy(&v4_, address, sizeof v4_);
  } else if (family_ == AF_INET6) {
    std::memcpy(&v6_, address, sizeof v6_);
  }
}

std::optional<Address> Address::parse(std::string_view host, uint16_t port) {
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  // inet_pton would read the text up to it.
  if (host.find('\0') != std::string_view::npos) return std::nullopt;
  const std::string text(host);
  Address address;
  if (inet_pton(AF_INET, text.c_str(), &address.v4_.sin_addr) == 1) {
    address.v4_.sin_family = address.family_ = AF_INET;
  } else if (inet_pton(AF_INET6, text.c_str(), &address.v6_.sin6_addr) == 1) {
    address.v6_.sin6_family = address.family_ = AF_INET6;
  } else {
    return std::nullopt;
  }
  address.set_port(port);
  return address;
}

namespace {
using NameCall = int (*)(int, sockaddr*, socklen_t*);

std::optional<Address> name_of(int fd, NameCall call) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  auto* address = reinterpret_cast<sockaddr*>(&storage);
  if (call(fd, address, &size) != 0) return std::nullopt;
  if (storage.ss_family != AF_INET && storage.ss_family != AF_INET6) return std::nullopt;
  return Address(address);
}
}  // namespace

std::optional<Address> Address::local_of(int fd) { return name_of(fd, ::getsockname); }
std::optional<Address> Address::peer_of(int fd) { return name_of(fd, ::getpeername); }

const sockaddr* Address::get() const { return reinterpret_cast<const sockaddr*>(&v6_); }
socklen_t Address::size() const { return family_ == AF_INET ? sizeof v4_ : sizeof v6_; }

uint16_t Address::port() const { return ntohs(family_ == AF_INET ? v4_.sin_port : v6_.sin6_port); }

void Address::set_port(uint16_t port) {
  (family_ == AF_INET ? v4_.sin_port : v6_.sin6_port) = htons(port);
}

bool Address::is_any() const {
  if (family_ == AF_INET) return v4_.sin_addr.s_addr == htonl(INADDR_ANY);
  return family_ == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&v6_.sin6_addr);
}

namespace {

// inet_ntop() does this by printf, which costs a handshake, in which addresses are written a dozen
// times, 2 % of its time.
std::string ipv4_text(const uint8_t* bytes) {
  std::array<char, INET_ADDRSTRLEN> text{};
  char* end = text.data();
  for (int i = 0; i < 4; ++i) {
    if (i > 0) *end++ = '.';
    end = std::to_chars(end, text.data() + text.size(), bytes[i]).ptr;
  }
  return {text.data(), end};
}

}  // namespace

bool Address::is_same_host(const Address& other) const {
  const auto ipv4 = [](const Address& of) -> const void* {
    if (of.family_ == AF_INET) return &of.v4_.sin_addr;
    const bool mapped = of.family_ == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&of.v6_.sin6_addr);
    return mapped ? &of.v6_.sin6_addr.s6_addr[12] : nullptr;
  };
  const void* const mine = ipv4(*this);
  const void* const theirs = ipv4(other);
  if (mine != nullptr && theirs != nullptr) return std::memcmp(mine, theirs, sizeof(in_addr)) == 0;
  if (family_ != other.family_ || mine != nullptr || theirs != nullptr) return false;
  if (family_ != AF_INET6) return true;  // both are none
  return v6_.sin6_scope_id == other.v6_.sin6_scope_id &&
         std::memcmp(&v6_.sin6_addr, &other.v6_.sin6_addr, sizeof(in6_addr)) == 0;
}

bool operator==(const Address& a, const Address& b) {
  return a.is_same_host(b) && a.port() == b.port();
}

std::string Address::host() const {
  if (family_ == AF_INET) {
    return ipv4_text(reinterpret_cast<const uint8_t*>(&v4_.sin_addr));
  }
  if (family_ == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6_.sin6_addr)) {
    return ipv4_text(&v6_.sin6_addr.s6_addr[12]);
  }
  if (family_ != AF_INET6) return "unknown";
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(AF_INET6, &v6_.sin6_addr, text.data(), text.size());
  return text.data();
}

std::string Address::to_string() const {
  const std::string name = host();
  const std::string number = std::to_string(port());
  return name.find(':') != std::string::npos ? "[" + name + "]:" + number : name + ":" + number;
}

}  // namespace gateway::net
