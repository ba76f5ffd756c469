// The active checks of all servers of the configuration in force.
#pragma once

#include <map>
#include <memory>

#include "gateway/net/dns/resolver.h"
#include "gateway/net/loop.h"
#include "gateway/origin/origin_paths.h"
#include "gateway/origin/server_watch.h"
#include "gateway/route/change.h"

namespace gateway::origin {

// One thread: its loop's. What it finds stands in the backends, and each change in the log.
class Prober {
 public:
  Prober(net::Loop& loop, net::dns::Resolver& resolver, const net::OwnListeners* own = nullptr)
      : loop_(loop), resolver_(resolver), paths_(loop, resolver, nullptr, own) {}
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;
  ~Prober() = default;

  // Checks the servers of the configuration that is in force now. Servers that were checked before
  // go on as they are; new ones are checked at once, one shortly after the other.
  void use(const route::Change& change);

  size_t size() const { return watches_.size(); }

 private:
  using Watches = std::map<const route::Backend*, std::unique_ptr<ServerWatch>>;

  Watches take_out(const route::Pool& pool);
  void watch(const std::shared_ptr<const route::Pool>& pool, Watches& known, milliseconds& first);

  net::Loop& loop_;
  net::dns::Resolver& resolver_;
  OriginPaths paths_;
  Rounds rounds_;
  Entrances entrances_;
  Watches watches_;
};

}  // namespace gateway::origin
