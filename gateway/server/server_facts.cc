#include <chrono>
#include <memory>
#include <vector>

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

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

std::vector<metrics::Facts::Certificate> certificates_of(const route::Snapshot& snapshot) {
  std::vector<metrics::Facts::Certificate> all;
  for (const auto& domain : snapshot.domains) {
    if (domain->server_tls)
      all.push_back({domain->label, static_cast<double>(domain->certificate_not_after)});
  }
  return all;
}

}  // namespace

// What is the control thread's is noted here; what there is one of for each domain is looked up
// where the text is written.
Scrape::Text Server::collect() {
  auto facts = std::make_shared<metrics::Facts>();
  facts->version = version();
  facts->commit = commit();
  facts->start_time_seconds = started_;
  facts->ready = ready();
  facts->draining = stage_ == Stage::draining;
  facts->last_reload_successful = reloads_.last_successful;
  facts->last_reload_success_timestamp = reloads_.last_success;
  facts->reloads_succeeded = reloads_.succeeded;
  facts->reloads_failed = reloads_.failed;
  facts->reload_read_seconds = seconds(reloads_.reading);
  facts->reload_build_seconds = seconds(reloads_.building);
  facts->reload_swap_seconds = seconds(reloads_.swap);
  facts->generation = service_->snapshot().generation;
  const Service::Workers& workers = service_->workers();
  for (size_t i = 0; i < workers.size(); ++i)
    facts->loops.push_back(loop_facts(std::to_string(i), workers[i]->turns()));
  facts->loops.push_back(loop_facts("control", loop_.turns()));
  for (const auto& worker : workers) worker->add_paths(facts->paths);
  if (const auto& log = process_->holdings.access_log) facts->access_log = facts_of(log->figures());
  for (const auto& [key, port] : service_->ports().open())
    facts->ports.push_back({port.listener, port.address.host(), port.address.port()});
  facts->usage = process_->metering.facts();
  return [this, facts, snapshot = service_->share(), now = loop_.now()] {
    process_->metering.add_counted(facts->usage);
    facts->certificates = certificates_of(*snapshot);
    facts->origins = process_->origins.facts(now);
    return metrics::render(process_->registry, *facts);
  };
}

}  // namespace gateway::server
