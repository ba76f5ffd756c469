// What a worker lends to its edge, without its thread and without a listener.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>

#include "gateway/edge/client.h"
#include "gateway/edge/worker_context.h"
#include "gateway/origin/origin_paths.h"
#include "tests/support/building.h"
#include "tests/support/loop_stage.h"

namespace tests {

// Its snapshot is built as in earnest; clients and sessions that a test leaves behind are cut.
class WorkerScene {
 public:
  explicit WorkerScene(gateway::log::AccessLog* access = nullptr) { scribe.access = access; }
  WorkerScene(const WorkerScene&) = delete;
  WorkerScene& operator=(const WorkerScene&) = delete;
  ~WorkerScene() { end_all(); }

  // For clients to come.
  void use(const std::string& domains) { take(building.build(domains, 7)); }
  void use(gateway::config::Document document) { take(building.build(std::move(document), 7)); }

  // Every deadline within that time is due now. The loop has no further turn after it.
  void pass(std::chrono::milliseconds time) { stage.pass(time); }

  gateway::metrics::Domain& counters() { return *registry.domain("chat.example.com")[0]; }
  // To attempts at WebSocket and to plain requests.
  uint64_t answers(int status) { return answers_of("chat.example.com", status); }
  uint64_t unmatched_answers(int status) { return answers_of("_unmatched", status); }
  // What the meters hold, of all buckets together, and of all domains or one.
  gateway::usage::Totals metered(std::string_view domain = {}) {
    gateway::usage::Totals all;
    for (const auto& reading : meters.book(0).read()) {
      if (domain.empty() || reading.key.domain == domain) all += reading.totals;
    }
    return all;
  }
  // At all servers.
  uint64_t origin_failures(gateway::outcome::Cause cause) {
    // Servers of one name share what is known of them.
    std::set<const gateway::route::Backend*> all;
    for (const auto& pool : context.snapshot->pools) {
      for (const auto& server : pool->servers) all.insert(server.backend.get());
    }
    uint64_t sum = 0;
    for (const auto* backend : all) sum += backend->failures[static_cast<size_t>(cause)].load();
    return sum;
  }
  gateway::metrics::Listener& gate() { return *registry.listener("public")[0]; }

  LoopStage stage;
  Building building;
  gateway::metrics::Registry& registry = building.registry;
  gateway::usage::meter::Books& meters = building.meters;
  gateway::session::Scribe scribe{.access = nullptr, .node = "node-1", .boot_id = "boot-1"};
  gateway::net::dns::Resolver resolver{stage.loop};
  gateway::origin::PoolStates pools{1};
  gateway::origin::Authenticator authenticator;
  gateway::origin::OriginPaths paths{stage.loop, resolver};
  gateway::net::Admission admission;
  gateway::edge::IdleClients idle_clients{stage.loop.wheel(), admission};
  gateway::edge::Lasting lasting{stage.loop.wheel()};
  gateway::net::OwnedSet<gateway::edge::Client> clients{stage.loop.retirement()};
  gateway::session::Table table{stage.loop.retirement()};
  gateway::edge::WorkerContext context{.loop = stage.loop,
                                       .origins = {.loop = stage.loop,
                                                   .resolver = resolver,
                                                   .pools = pools,
                                                   .authenticator = authenticator,
                                                   .paths = paths},
                                       .sessions = {.wheel = stage.loop.wheel(),
                                                    .table = table,
                                                    .scribe = scribe,
                                                    .figures = registry.worker(0),
                                                    .book = meters.book(0),
                                                    .records = nullptr,
                                                    .interim = std::chrono::minutes(5),
                                                    .worker = 0},
                                       .clients = clients,
                                       .idle_clients = idle_clients,
                                       .admission = admission,
                                       .snapshot = nullptr,
                                       .unmatched = registry.domain("_unmatched")[0],
                                       .unmatched_meter = meters.domain("_unmatched")[0],
                                       .lasting = lasting};
  gateway::edge::Entrance entrance{.name = "public", .tls = false, .counters = gate()};

 protected:
  void end_all() {
    scribe.access = nullptr;  // the test may have ended the log
    while (clients.size() > 0) clients.at(0).abort();
    while (table.size() > 0) table.at(0).abort();
    stage.loop.retirement().clear();
  }

 private:
  uint64_t answers_of(std::string_view domain, int status) {
    const gateway::usage::Totals all = metered(domain);
    return all.answers[gateway::metrics::status_slot(status)] +
           all.http_answers[gateway::metrics::http_status_slot(status)];
  }

  template <class Built>
  void take(Built built) {
    REQUIRE(built.has_value());
    context.snapshot = *built;
  }
};

}  // namespace tests
