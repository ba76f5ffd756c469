// Tries a server's first port again while another candidate serves: in the background, so that no
// client waits for it.
#pragma once

#include <memory>
#include <vector>

#include "gateway/net/dns/resolver.h"
#include "gateway/net/loop.h"
#include "gateway/origin/target.h"
#include "gateway/route/snapshot.h"

namespace gateway::origin {

class OriginPaths;

// One for each worker.
class PortProbes {
 public:
  PortProbes(net::Loop& loop, net::dns::Resolver& resolver, OriginPaths& paths);
  PortProbes(const PortProbes&) = delete;
  PortProbes& operator=(const PortProbes&) = delete;
  ~PortProbes();

  // The one whose servers are probed; null: none any more.
  void use(std::shared_ptr<const route::Snapshot> snapshot);
  // A connection to that server is about to be made: is it time for a probe?
  void consider(const route::Pool& pool, const route::Server& server, const Target& target);
  size_t running() const { return running_.size(); }

 private:
  static constexpr size_t kMost = 64;  // at a time: what is beyond that is due with a later request

  class Probe;
  void done(const Probe& probe);

  net::Loop& loop_;
  net::dns::Resolver& resolver_;
  OriginPaths& paths_;
  std::shared_ptr<const route::Snapshot> snapshot_;
  std::vector<std::unique_ptr<Probe>> running_;
};

}  // namespace gateway::origin
