// What a worker keeps for reaching origins, beyond any one connection.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway/metrics/counters.h"
#include "gateway/net/dns/resolver.h"
#include "gateway/net/loop.h"
#include "gateway/net/own_listeners.h"
#include "gateway/net/source_addresses.h"
#include "gateway/origin/port_probes.h"
#include "gateway/origin/proxy_authenticator.h"
#include "gateway/origin/warm.h"
#include "gateway/origin/warm_room.h"
#include "gateway/route/change.h"

namespace gateway::origin {

// Written by its worker alone, read by any thread.
struct PathFigures {
  metrics::Count no_local_port;  // connections that were not begun: no port was free on any source
  metrics::Count warm_taken;     // connections that stood when they were needed
  metrics::Count warm_missed;    // and those that did not, where `warm` is set
  metrics::Count warm_idle;      // a gauge
};

// One for each worker; outlives its connectors. One thread, but for the figures.
class OriginPaths {
 public:
  // `room` is shared by all workers and outlives this; null: there is room without end. `own` is
  // where this process listens, and outlives this; null: nowhere that matters.
  OriginPaths(net::Loop& loop, net::dns::Resolver& resolver, WarmRoom* room = nullptr,
              const net::OwnListeners* own = nullptr);
  OriginPaths(const OriginPaths&) = delete;
  OriginPaths& operator=(const OriginPaths&) = delete;
  ~OriginPaths() = default;

  // What is in force, at the start and after each reload.
  void use(const route::Change& change);
  // For a drain: from now on nothing is done ahead of need, and the warm connections are closed.
  void rest();
  // What was kept for pools that have changed, for who does nothing ahead of need.
  void forget(const route::Change& change);

  bool is_own_listener(const net::Address& address) const {
    return own_ != nullptr && own_->hold(address);
  }

  Warm& warm() { return warm_; }
  PortProbes& port_probes() { return port_probes_; }
  ProxyAuthenticator& proxies() { return proxies_; }
  // Null: the system chooses. Valid until the next call.
  net::SourceAddresses* sources(const route::Pool& pool);

  // Nothing: no further warm connection may be made.
  [[nodiscard]] std::optional<WarmRoom::Seat> take_warm_seat() {
    return (room_ != nullptr ? *room_ : own_room_).take();
  }

  PathFigures& figures() { return figures_; }
  const PathFigures& figures() const { return figures_; }

 private:
  struct Sources {
    std::vector<std::string> settings;
    std::unique_ptr<net::SourceAddresses> addresses;
  };

  WarmRoom own_room_;
  WarmRoom* room_;
  const net::OwnListeners* own_;
  PathFigures figures_;
  ProxyAuthenticator proxies_;
  std::map<std::string, Sources> sources_;  // by pool
  PortProbes port_probes_;
  Warm warm_;
};

}  // namespace gateway::origin
