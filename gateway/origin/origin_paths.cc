#include "gateway/origin/origin_paths.h"

namespace gateway::origin {

namespace {

std::unique_ptr<net::SourceAddresses> addresses_of(const std::vector<std::string>& settings) {
  std::vector<net::Address> addresses;
  for (const std::string& text : settings) {
    const auto address = net::Address::parse(text, 0);
    if (address) addresses.push_back(*address);
  }
  return std::make_unique<net::SourceAddresses>(std::move(addresses));
}

}  // namespace

OriginPaths::OriginPaths(net::Loop& loop, net::dns::Resolver& resolver, IdleRooms* rooms,
                         const net::OwnListeners* own, std::optional<size_t> worker)
    : rooms_(rooms != nullptr ? rooms : &own_rooms_),
      own_(own),
      worker_(worker),
      port_probes_(loop, resolver, *this),
      warm_(loop, resolver, *this),
      reuse_(loop, *this) {}

void OriginPaths::use(const route::Change& change) {
  forget(change);
  port_probes_.use(change.now);
  warm_.use(change);
  reuse_.use(change);
}

void OriginPaths::rest() {
  port_probes_.use(nullptr);
  warm_.rest();
  reuse_.rest();
}

void OriginPaths::forget(const route::Change& change) {
  for (const auto& [before, now] : change.pools) {
    if (before == nullptr) continue;
    sources_.erase(before->label);
    if (before->settings().forward_proxy) proxies_.forget();
  }
}

net::SourceAddresses* OriginPaths::sources(const route::Pool& pool) {
  const std::vector<std::string>& settings = pool.settings().source;
  if (settings.empty()) return nullptr;
  Sources& sources = sources_[pool.label];
  // A session of an older configuration may ask, too.
  if (!sources.addresses || sources.settings != settings) {
    sources = {.settings = settings, .addresses = addresses_of(settings)};
  }
  return sources.addresses.get();
}

}  // namespace gateway::origin
