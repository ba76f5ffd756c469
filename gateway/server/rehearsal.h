// A configuration built as a start would build it, by a command that serves nothing.
#pragma once

#include <memory>
#include <vector>

#include "gateway/server/snapshot_builder.h"

namespace gateway::server {

// Reads the files that the configuration names: certificates, keys, authorities. Owns what the
// snapshot counts in, and outlives it.
class Rehearsal {
 public:
  explicit Rehearsal(config::Document document);
  Rehearsal(const Rehearsal&) = delete;
  Rehearsal& operator=(const Rehearsal&) = delete;
  ~Rehearsal() = default;

  // Null: it cannot be built, and the problems say why.
  const route::Snapshot* snapshot() const { return snapshot_.get(); }
  // What stands in the way; or what is only to be warned of.
  const std::vector<config::Problem>& problems() const { return problems_; }

 private:
  metrics::Registry registry_{1};
  net::tls::TicketKeys ticket_keys_;
  usage::meter::Books meters_{{.folder = {}, .node = {}, .boot = {}, .workers = 1}};
  usage::BudgetStandings standings_;
  route::Backends backends_;
  std::shared_ptr<const route::Snapshot> snapshot_;
  std::vector<config::Problem> problems_;
};

}  // namespace gateway::server
