// What the process owns of the servers behind the domains: how they are, and the checks that find
// out. Lives on the control thread; the backends are shared with the workers.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "gateway/metrics/exposition.h"
#include "gateway/net/dns/resolver.h"
#include "gateway/net/loop.h"
#include "gateway/net/own_listeners.h"
#include "gateway/net/tls/sessions.h"
#include "gateway/origin/prober.h"
#include "gateway/route/backend.h"

namespace gateway::server {

// How names are resolved in this process, checks and sessions alike.
[[nodiscard]] net::dns::Client::Options dns_options(const config::NameServers& settings);

class Origins {
 public:
  // `loop` is the control thread's, and outlives this.
  explicit Origins(net::Loop& loop) : loop_(loop) {}

  route::Backends& backends() { return backends_; }
  net::tls::OriginSessions& sessions() { return sessions_; }
  net::dns::KnownNames& names() { return names_; }
  net::OwnListeners& own_listeners() { return own_listeners_; }

  // A configuration is in force from now on.
  void use(const route::Change& change);

  // `now` is the control loop's. Any thread.
  [[nodiscard]] std::vector<metrics::OriginFacts> facts(net::milliseconds now);

 private:
  net::Loop& loop_;
  route::Backends backends_;
  net::tls::OriginSessions sessions_;
  net::dns::KnownNames names_;  // of the checks and of all workers
  net::OwnListeners own_listeners_;
  struct Checks {
    Checks(net::Loop& loop, const config::NameServers& servers, net::dns::KnownNames& names,
           const net::OwnListeners& own)
        : resolver(loop, dns_options(servers), &names), prober(loop, resolver, &own) {}
    net::dns::Resolver resolver;
    origin::Prober prober;
  };
  std::optional<Checks> checks_;  // from the first configuration on
};

}  // namespace gateway::server
