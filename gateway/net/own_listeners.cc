#include "gateway/net/own_listeners.h"

#include <algorithm>
#include <ifaddrs.h>
#include <memory>
#include <utility>

namespace gateway::net {

namespace {

bool is_any(const std::string& host) { return host == "0.0.0.0" || host == "::"; }

std::vector<std::string> interface_addresses() {
  ifaddrs* list = nullptr;
  std::vector<std::string> hosts;
  if (::getifaddrs(&list) != 0) return hosts;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owned(list, &::freeifaddrs);
  for (const ifaddrs* one = list; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr) continue;
    const int family = one->ifa_addr->sa_family;
    if (family == AF_INET || family == AF_INET6) hosts.push_back(Address(one->ifa_addr).host());
  }
  return hosts;
}

}  // namespace

void OwnListeners::use(std::vector<Address> listeners) {
  const std::lock_guard lock(mutex_);
  listeners_ = std::move(listeners);
}

bool OwnListeners::hold(const Address& address) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(listeners_, [&](const Address& listener) {
    // The port tells nearly all apart, and costs nothing.
    if (listener.port() != address.port()) return false;
    const std::string host = listener.host();
    return host == address.host() || is_any(address.host()) || (is_any(host) && is_here(address));
  });
}

bool OwnListeners::is_here(const Address& address) const {
  const std::string host = address.host();
  if (host.starts_with("127.") || host == "::1") return true;
  const auto now = std::chrono::steady_clock::now();
  if (here_.empty() || now - looked_ > kLook) {
    here_ = interface_addresses();
    looked_ = now;
  }
  return std::ranges::find(here_, host) != here_.end();
}

}  // namespace gateway::net
