// What a worker keeps for reaching origins, beyond any one connection.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway/metrics/counters.h"
#include "gateway/net/dns/resolver.h"
#include "gateway/net/loop.h"
#include "gateway/net/own_listeners.h"
#include "gateway/net/source_addresses.h"
#include "gateway/origin/idle_room.h"
#include "gateway/origin/port_probes.h"
#include "gateway/origin/proxy_authenticator.h"
#include "gateway/origin/reuse.h"
#include "gateway/origin/warm.h"
#include "gateway/route/change.h"

namespace gateway::origin {

// Written by its worker alone, read by any thread.
struct PathFigures {
  metrics::Count no_local_port;  // connections that were not begun: no port was free on any source
  metrics::Count warm_taken;     // connections that stood when they were needed
  metrics::Count warm_missed;    // and those that did not, where `warm` is set
  metrics::Count warm_idle;      // a gauge
  std::array<metrics::Count, kClosed.size()> reuse_closed;

  metrics::Count& closed(Closed why) { return reuse_closed[static_cast<size_t>(why)]; }
};

// One for each worker; outlives its connectors. One thread, but for the figures.
class OriginPaths {
 public:
  // `rooms` are shared by all workers and outlive this; null: there is room without end. `own` is
  // where this process listens, and outlives this; null: nowhere that matters. `worker`: whose
  // blocks of figures are written; nothing: no server's.
  OriginPaths(net::Loop& loop, net::dns::Resolver& resolver, IdleRooms* rooms = nullptr,
              const net::OwnListeners* own = nullptr, std::optional<size_t> worker = std::nullopt);
  OriginPaths(const OriginPaths&) = delete;
  OriginPaths& operator=(const OriginPaths&) = delete;
  ~OriginPaths() = default;

  // What is in force, at the start and after each reload.
  void use(const route::Change& change);
  // For a drain: from now on nothing is done ahead of need, and what rests is closed.
  void rest();
  // What was kept for pools that have changed, for who does nothing ahead of need.
  void forget(const route::Change& change);

  bool is_own_listener(const net::Address& address) const {
    return own_ != nullptr && own_->hold(address);
  }

  Warm& warm() { return warm_; }
  Reuse& reuse() { return reuse_; }
  PortProbes& port_probes() { return port_probes_; }
  ProxyAuthenticator& proxies() { return proxies_; }
  // Null: the system chooses. Valid until the next call.
  net::SourceAddresses* sources(const route::Pool& pool);

  // Nothing: no further one may rest.
  [[nodiscard]] std::optional<IdleRoom::Seat> take_warm_seat() { return rooms_->warm.take(); }
  [[nodiscard]] std::optional<IdleRoom::Seat> take_kept_seat() { return rooms_->kept.take(); }

  // Where this worker counts its connections to that server.
  metrics::Connections& connections_of(const route::Server& server) {
    const bool counted = worker_ && *worker_ < server.counters.size();
    return counted ? server.counters[*worker_]->connections : uncounted_;
  }

  PathFigures& figures() { return figures_; }
  const PathFigures& figures() const { return figures_; }

 private:
  struct Sources {
    std::vector<std::string> settings;
    std::unique_ptr<net::SourceAddresses> addresses;
  };

  IdleRooms own_rooms_;
  IdleRooms* rooms_;
  const net::OwnListeners* own_;
  std::optional<size_t> worker_;
  metrics::Connections uncounted_;
  PathFigures figures_;
  ProxyAuthenticator proxies_;
  std::map<std::string, Sources> sources_;  // by pool
  PortProbes port_probes_;
  Warm warm_;
  Reuse reuse_;
};

}  // namespace gateway::origin
