// The servers that a route leads to, and how they are reached and asked.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/config/document.h"
#include "gateway/metrics/counters.h"
#include "gateway/net/address.h"
#include "gateway/net/tls/context.h"
#include "gateway/route/backend.h"
#include "gateway/route/stickiness.h"

namespace gateway::route {

struct Server {
  std::string host;                     // as configured
  std::optional<uint16_t> port;         // else the protocol's
  std::optional<net::Address> address;  // when host is an IP literal; its port is not set
  uint32_t priority = 20;               // lower ones first
  uint32_t weight = 10;                 // among those of one priority
  std::shared_ptr<Backend> backend;     // how it is; null only where no balance is asked for
  std::vector<metrics::Origin*> counters = {};  // by worker
};

// Shared by those who keep something for it: it outlives its domain in them.
struct Pool {
  const config::Origin& settings() const { return *config; }

  // Where a worker counts what goes to that server; null: it is none of these.
  metrics::Origin* counters_of(const Backend* backend, size_t worker) const;

  std::string domain;  // the label of the domain that it belongs to
  std::string label;   // its own, by which workers keep what they know of it: "chat.example.com#/"
  std::shared_ptr<const config::Origin> config;  // of the domain or a route; it keeps the domain's
  std::vector<Server> servers;
  net::tls::SharedSslContext tls;  // null: never spoken to over TLS
  Stickiness sticky;               // with origin.sticky
};

}  // namespace gateway::route
