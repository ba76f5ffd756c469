// One configuration, ready to work with: immutable, built whole or not at all, shared by all
// workers. A session keeps the one it began with until it ends.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/config/document.h"
#include "gateway/metrics/counters.h"
#include "gateway/net/address.h"
#include "gateway/net/tls_context.h"
#include "gateway/route/backend.h"
#include "gateway/route/router.h"
#include "gateway/usage/budget.h"
#include "gateway/usage/meter.h"

namespace gateway::route {

struct Server {
  std::string host;                     // as configured
  std::optional<uint16_t> port;         // else the protocol's
  std::optional<net::Address> address;  // when host is an IP literal; its port is not set
  uint32_t priority = 20;               // lower ones first
  uint32_t weight = 10;                 // among those of one priority
  std::shared_ptr<Backend> backend;     // how it is; null only where no balance is asked for
  std::vector<metrics::Traffic*> traffic = {};  // by worker
};

struct Domain {
  // Where a worker counts what goes to that server of the pool; null: to none of them.
  metrics::Traffic& traffic_of(const Backend* backend, size_t worker) const {
    for (const Server& server : servers) {
      if (backend != nullptr && server.backend.get() == backend) return *server.traffic[worker];
    }
    const bool builtin = config->origin.builtin != config::Origin::Builtin::none;
    const auto slot = builtin ? metrics::Nameless::echo : metrics::Nameless::redirect;
    return counters[worker]->nameless_origins[static_cast<size_t>(slot)];
  }

  const config::Domain* config = nullptr;
  std::string label;                       // the first name: in metrics and log
  std::vector<metrics::Domain*> counters;  // by worker
  std::vector<usage::Meter*> meters;       // by worker
  // Where it stands with its budget; null: it has none.
  std::shared_ptr<const std::atomic<usage::BudgetStanding>> budget;
  std::vector<Server> servers;
  net::SslContextPtr server_tls;  // null: no certificate for it
  net::TlsVersion min_tls_version = net::TlsVersion::tls1_2;
  int64_t certificate_not_after = 0;
  net::SslContextPtr origin_tls;  // null: never spoken to over TLS
};

struct Snapshot {
  uint64_t generation = 0;
  config::Document document;
  std::string via;  // our pseudonym in Via fields
  std::vector<config::Problem> warnings;  // beyond those of the document: of files that it names
  std::vector<std::unique_ptr<Domain>> domains;
  Router router;
  const Domain* default_tls =
      nullptr;  // for clients that send no server name: the first with a certificate
  std::unique_ptr<net::ListenerTls> listener_tls;  // null: no domain has a certificate
};

}  // namespace gateway::route
