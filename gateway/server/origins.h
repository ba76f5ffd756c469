// What the process owns of the servers behind the domains: how they are, and the checks that find
// out. Lives on the control thread; the backends are shared with the workers.
#pragma once

#include <memory>
#include <vector>

#include "gateway/metrics/exposition.h"
#include "gateway/net/loop.h"
#include "gateway/net/resolver.h"
#include "gateway/net/tls_sessions.h"
#include "gateway/origin/prober.h"
#include "gateway/route/backend.h"

namespace gateway::server {

class Origins {
 public:
  // `loop` is the control thread's, and outlives this.
  explicit Origins(net::Loop& loop) : loop_(loop), resolver_(loop), prober_(loop, resolver_) {}

  route::Backends& backends() { return backends_; }
  net::OriginSessions& sessions() { return sessions_; }

  // Takes a configuration that is in force from now on.
  void use(const std::shared_ptr<const route::Snapshot>& snapshot) {
    backends_.use(*snapshot);
    prober_.use(snapshot);
  }

  [[nodiscard]] std::vector<metrics::OriginFacts> facts();

 private:
  net::Loop& loop_;
  route::Backends backends_;
  net::OriginSessions sessions_;
  net::Resolver resolver_;
  origin::Prober prober_;
};

}  // namespace gateway::server
