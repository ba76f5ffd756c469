#include "gateway/net/source_addresses.h"

#include <algorithm>

#include "gateway/log/log.h"

namespace gateway::net {

SourceAddresses::SourceAddresses(std::vector<Address> addresses) {
  for (Address& address : addresses) {
    address.set_port(0);
    addresses_[address.family() == AF_INET6].push_back(address);
  }
}

const Address* SourceAddresses::next(const Address& destination, milliseconds now) {
  std::erase_if(resting_, [now](const Resting& one) { return one.until <= now; });
  const std::vector<Address>& sources = of(destination.family());
  size_t& turn = turn_[destination.family() == AF_INET6];
  for (size_t tried = 0; tried < sources.size(); ++tried) {
    const Address& source = sources[turn];
    turn = (turn + 1) % sources.size();
    if (!rests(source, destination)) return &source;
  }
  return nullptr;
}

void SourceAddresses::exhausted(const Address& source, const Address& destination,
                                milliseconds now) {
  if (resting_.size() >= kMaxResting) return;
  resting_.push_back({.source = &source, .destination = destination, .until = now + kRest});
}

void SourceAddresses::found(const Address& source, bool here) {
  if (here && missing_.empty()) return;
  const std::string name = source.host();
  const auto known = std::ranges::find(missing_, name);
  if (here == (known == missing_.end())) return;
  if (here) {
    missing_.erase(known);
    log::say(log::Level::info, "origin.source " + name + " is an address of this machine again");
  } else {
    missing_.push_back(name);
    log::say(log::Level::error, "origin.source " + name + " is no address of this machine");
  }
}

std::string SourceAddresses::missing() const {
  std::string all;
  for (const std::string& one : missing_) all += (all.empty() ? "" : ", ") + one;
  return all;
}

bool SourceAddresses::rests(const Address& source, const Address& destination) const {
  return std::ranges::any_of(resting_, [&](const Resting& one) {
    return one.source == &source && one.destination == destination;
  });
}

}  // namespace gateway::net
