// Builds the snapshot of a configuration: certificates read, names routed, counters found. Whole or
// not at all.
#pragma once

#include <memory>
#include <vector>

#include "gateway/net/tls_sessions.h"
#include "gateway/route/snapshot.h"
#include "gateway/usage/budget_standings.h"
#include "proto/base/result.h"

namespace gateway::route {

struct Ingredients {
  uint64_t generation = 1;
  metrics::Registry& registry;
  net::TicketKeys& ticket_keys;
  usage::Meters& meters;
  usage::BudgetStandings& standings;
  Backends& backends;
  net::OriginSessions* origin_sessions = nullptr;  // null: TLS with origins never resumes
};

// Error: everything that stands in the way, with its place in the files.
[[nodiscard]] proto::Result<std::shared_ptr<const Snapshot>, std::vector<config::Problem>> build(
    config::Document document, const Ingredients& ingredients);

}  // namespace gateway::route
