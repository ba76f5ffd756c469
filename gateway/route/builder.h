// Builds the snapshot of a configuration: certificates read, names routed, counters found. Whole or
// not at all.
#pragma once

#include <memory>
#include <vector>

#include "gateway/net/tls/sessions.h"
#include "gateway/route/snapshot.h"
#include "gateway/route/stickiness.h"
#include "gateway/usage/budget_standings.h"
#include "gateway/usage/meter/books.h"
#include "proto/base/result.h"

namespace gateway::route {

struct Ingredients {
  uint64_t generation = 1;
  metrics::Registry& registry;
  net::tls::TicketKeys& ticket_keys;
  usage::meter::Books& meters;
  usage::BudgetStandings& standings;
  Backends& backends;
  net::tls::OriginSessions* origin_sessions = nullptr;  // null: TLS with origins never resumes
  NodeKey node_key = {};                                // empty: there is none
};

// `before` is the configuration in force; null: there is none. A domain whose settings are equal to
// what they were there, and whose certificates, keys and CA files say the same, is that very
// object. Error: everything that stands in the way, with its place in the files. Any thread, while
// nobody else builds with these ingredients.
[[nodiscard]] proto::Result<std::shared_ptr<const Snapshot>, std::vector<config::Problem>> build(
    config::Document document, const Snapshot* before, const Ingredients& ingredients);

}  // namespace gateway::route
