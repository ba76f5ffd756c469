// What a scrape gets: every counter, summed over the workers, and the facts that are no counters,
// as Prometheus text.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gateway/metrics/counters.h"

namespace gateway::metrics {

class Page;

// What usage knows about itself.
struct UsageFacts {
  struct Budget {
    std::string domain;
    double state = 0;  // 0 within, 1 soft, 2 hard
  };
  struct Postgres {
    bool connected = false;
    double lag_seconds = 0;
    uint64_t errors = 0;
    uint64_t rows = 0;
    uint64_t rows_refused = 0;
  };
  // Adds the families of what meters count: those stand further down and know their own names.
  std::function<void(Page& page)> metered;
  bool ledger_up = true;
  double ledger_lag_seconds = 0;
  double ledger_flush_seconds = 0;
  uint64_t ledger_errors = 0;
  uint64_t ledger_rows = 0;
  uint64_t records_dropped = 0;
  std::vector<Budget> budgets;
  std::optional<Postgres> postgres;  // nothing: there is no central store
};

// One server of a domain's origin.
struct OriginFacts {
  std::string domain;
  std::string origin;    // as configured: "10.0.0.5:8080"
  bool up = true;        // by active checks
  bool ejected = false;  // left out for what sessions met
  uint64_t sessions = 0;
  uint64_t ejections = 0;
  std::vector<std::pair<outcome::Cause, uint64_t>> failures;  // those that have occurred
};

// Connections to origins, of all workers.
struct PathFacts {
  uint64_t no_local_port = 0;
  uint64_t warm_taken = 0;
  uint64_t warm_missed = 0;
  uint64_t warm_idle = 0;
  std::map<std::string, uint64_t, std::less<>> connections_closed;  // by why they were not kept
};

// What one event loop tells of its turns.
struct LoopFacts {
  std::string worker;  // "0", "control"
  double lag_seconds = 0;
  std::span<const double> bounds;  // of the buckets; the last one has none
  std::vector<uint64_t> turns;
  double turn_seconds = 0;
};

// Lines that were lost, by reason, and whether lines are written now.
struct AccessLogFacts {
  uint64_t lost_full = 0;
  uint64_t lost_write = 0;
  uint64_t lost_end = 0;
  bool up = true;
  double lag_seconds = 0;  // age of the oldest line that is not written
};

// What the process knows about itself at the time of the scrape. Times are seconds since the epoch.
struct Facts {
  struct Certificate {
    std::string domain;
    double not_after = 0;
  };
  // The port that was opened, which the configuration may have left to the system.
  struct Port {
    std::string listener;
    std::string address;
    uint16_t port = 0;
  };

  std::string version;
  std::string commit;
  double start_time_seconds = 0;
  bool ready = false;
  bool draining = false;
  bool last_reload_successful = true;
  double last_reload_success_timestamp = 0;
  uint64_t reloads_succeeded = 0;
  uint64_t reloads_failed = 0;
  uint64_t generation = 0;
  // How long the last reload took that was brought into force.
  double reload_read_seconds = 0;
  double reload_build_seconds = 0;
  double reload_swap_seconds = 0;
  std::vector<Certificate> certificates;
  std::vector<LoopFacts> loops;
  std::optional<AccessLogFacts> access_log;
  std::vector<Port> ports;
  UsageFacts usage;
  std::vector<OriginFacts> origins;
  PathFacts paths;
};

// The Prometheus text format 0.0.4. Causes, codes and statuses that have not occurred are left out;
// the byte and session series of a domain are always there, so that a rate sees the first byte. Any
// thread.
[[nodiscard]] std::string render(const Registry& registry, const Facts& facts);

}  // namespace gateway::metrics
