#include "gateway/metrics/exposition.h"
#include "gateway/server/server.h"
#include "gateway/server/version.h"

namespace gateway::server {

namespace {

metrics::AccessLogFacts facts_of(const log::LineWriter::Figures& figures) {
  const auto lost = [&figures](log::LossReason reason) {
    return figures.lost[static_cast<size_t>(reason)];
  };
  return {.lost_full = lost(log::LossReason::full),
          .lost_write = lost(log::LossReason::write),
          .lost_end = lost(log::LossReason::end),
          .up = figures.up,
          .lag_seconds = std::chrono::duration<double>(figures.lag).count()};
}

metrics::LoopFacts loop_facts(std::string name, const net::TurnClock& clock) {
  const auto turns = clock.turns();
  return {.worker = std::move(name),
          .lag_seconds = clock.lag(),
          .bounds = net::TurnClock::kBounds,
          .turns = {turns.begin(), turns.end()},
          .turn_seconds = clock.seconds()};
}

}  // namespace

std::string Server::metrics() {
  metrics::Facts facts;
  facts.version = version();
  facts.commit = commit();
  facts.start_time_seconds = started_;
  facts.ready = ready();
  facts.draining = stage_ == Stage::draining;
  facts.last_reload_successful = reloads_.last_successful;
  facts.last_reload_success_timestamp = reloads_.last_success;
  facts.reloads_succeeded = reloads_.succeeded;
  facts.reloads_failed = reloads_.failed;
  facts.generation = snapshot_->generation;
  for (const auto& domain : snapshot_->domains) {
    if (domain->server_tls) {
      facts.certificates.push_back(
          {domain->label, static_cast<double>(domain->certificate_not_after)});
    }
  }
  for (size_t i = 0; i < workers_.size(); ++i)
    facts.loops.push_back(loop_facts(std::to_string(i), workers_[i]->turns()));
  facts.loops.push_back(loop_facts("control", loop_.turns()));
  for (const auto& worker : workers_) worker->add_ways(facts.ways);
  if (access_log_) facts.access_log = facts_of(access_log_->figures());
  for (const auto& [key, port] : ports_->open()) {
    facts.ports.push_back({port.listener, port.address.host(), port.address.port()});
  }
  facts.usage = metering_->facts();
  facts.origins = origins_.facts();
  return metrics::render(*registry_, facts);
}

}  // namespace gateway::server
