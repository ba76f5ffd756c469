#include "gateway/metrics/exposition.h"

#include <array>
#include <memory>
#include <string_view>
#include <utility>

#include "gateway/metrics/domain_families.h"
#include "gateway/metrics/families.h"
#include "gateway/metrics/origin_families.h"
#include "gateway/metrics/process.h"
#include "gateway/metrics/usage_families.h"

namespace gateway::metrics {

namespace {

double number(bool value) { return value ? 1 : 0; }

void add_access_log(const std::optional<AccessLogFacts>& facts, Page& page) {
  const AccessLogFacts log = facts.value_or(AccessLogFacts{});
  page.add_counter("weir_access_log_dropped_total", "Lines of the access log that were lost.",
                   static_cast<double>(log.lost_full + log.lost_write + log.lost_end));
  if (!facts) return;
  Family lost =
      counter("weir_access_log_lost_lines_total",
              "The same by reason: its queue was full, a write failed, the process ended.");
  lost.add({{"reason", "full"}}, log.lost_full);
  lost.add({{"reason", "write"}}, log.lost_write);
  lost.add({{"reason", "end"}}, log.lost_end);
  page.add(std::move(lost));
  page.add_gauge("weir_access_log_up", "Whether the access log takes lines.", number(log.up));
  page.add_gauge("weir_access_log_lag_seconds", "Age of the oldest line that is not written.",
                 log.lag_seconds);
}

void add_state(const Facts& facts, Page& page) {
  Family build = gauge("weir_build_info", "The version of this binary; always 1.");
  build.add({{"version", facts.version}, {"commit", facts.commit}}, 1.0);
  page.add(std::move(build));
  page.add_gauge("weir_start_time_seconds", "When this process began to serve, since the epoch.",
                 facts.start_time_seconds);
  page.add_gauge("weir_ready", "Whether new connections are wanted here.", number(facts.ready));
  page.add_gauge("weir_draining", "Whether this process is on its way out.",
                 number(facts.draining));
  add_access_log(facts.access_log, page);
}

void add_loops(const Facts& facts, Page& page) {
  Family lag = gauge("weir_loop_lag_seconds",
                     "The longest turn of the loop within the last minute: so long all waited.");
  Family turns = histogram("weir_loop_turn_seconds",
                           "Turns of the loop, from one wait for sockets to the next.");
  for (const LoopFacts& one : facts.loops) {
    lag.add({{"worker", one.worker}}, one.lag_seconds);
    turns.add_histogram({{"worker", one.worker}}, one.bounds, one.turns, one.turn_seconds);
  }
  page.add(std::move(lag));
  page.add(std::move(turns));
}

void add_config(const Facts& facts, Page& page) {
  page.add_gauge("weir_config_last_reload_successful",
                 "Whether the last reload of the configuration was applied.",
                 number(facts.last_reload_successful));
  page.add_gauge("weir_config_last_reload_success_timestamp_seconds",
                 "When a configuration was last applied, since the epoch.",
                 facts.last_reload_success_timestamp);
  Family reloads = counter("weir_config_reloads_total", "Reloads of the configuration.");
  reloads.add({{"result", "success"}}, facts.reloads_succeeded);
  reloads.add({{"result", "failure"}}, facts.reloads_failed);
  page.add(std::move(reloads));
  page.add_gauge("weir_config_generation", "The number of the configuration in force.",
                 static_cast<double>(facts.generation));
  Family phases = gauge("weir_config_reload_seconds",
                        "How long the last reload that was applied took: to read what has "
                        "changed, to build it, and until every worker had it.");
  phases.add({{"phase", "read"}}, facts.reload_read_seconds);
  phases.add({{"phase", "build"}}, facts.reload_build_seconds);
  phases.add({{"phase", "swap"}}, facts.reload_swap_seconds);
  page.add(std::move(phases));
  Family certificates = gauge("weir_tls_certificate_not_after_seconds",
                              "When the domain's certificate ends, since the epoch.");
  for (const Facts::Certificate& one : facts.certificates) {
    certificates.add({{"domain", one.domain}}, one.not_after);
  }
  page.add(std::move(certificates));
  Family ports = gauge("weir_listener_port_info",
                       "The address and port that a listener has opened; always 1.");
  for (const Facts::Port& one : facts.ports) {
    ports.add(
        {{"listener", one.listener}, {"address", one.address}, {"port", std::to_string(one.port)}},
        1.0);
  }
  page.add(std::move(ports));
}

using ListenerBlocks = std::vector<std::unique_ptr<Listener>>;

void add_tls(const std::string& listener, const ListenerBlocks& blocks, Family& handshakes) {
  constexpr std::array<std::string_view, 2> kVersions{"1.2", "1.3"};
  constexpr std::array<std::string_view, 2> kResumed{"false", "true"};
  for (size_t version = 0; version < kVersions.size(); ++version) {
    for (size_t resumed = 0; resumed < kResumed.size(); ++resumed) {
      handshakes.add_if({{"listener", listener},
                         {"version", kVersions[version]},
                         {"resumed", kResumed[resumed]},
                         {"result", "ok"}},
                        sum(blocks, [=](const Listener& block) -> const Count& {
                          return block.tls[version][resumed];
                        }));
    }
  }
  // One that failed may have come to no version.
  handshakes.add_if(
      {{"listener", listener}, {"version", "none"}, {"resumed", "false"}, {"result", "failed"}},
      sum(blocks, &Listener::tls_failed));
}

void add_listeners(const Registry& registry, Page& page) {
  Family active = gauge("weir_client_connections_active", "Client connections that are open now.");
  Family idle = gauge("weir_client_connections_idle",
                      "Client connections that are open and wait for their next request.");
  Family total = counter("weir_client_connections_total", "Client connections accepted.");
  Family rejected = counter("weir_client_connections_rejected_total",
                            "Client connections turned away, by cause.");
  Family tls = counter("weir_tls_handshakes_total", "TLS handshakes with clients.");
  registry.for_each_listener([&](const std::string& name, const ListenerBlocks& blocks) {
    active.add({{"listener", name}}, sum(blocks, &Listener::active));
    idle.add({{"listener", name}}, sum(blocks, &Listener::idle));
    total.add({{"listener", name}}, sum(blocks, &Listener::accepted));
    for (size_t cause = 0; cause < kRejections.size(); ++cause) {
      rejected.add({{"listener", name}, {"cause", kRejections[cause]}},
                   sum(blocks, [=](const Listener& block) -> const Count& {
                     return block.rejected[cause];
                   }));
    }
    add_tls(name, blocks, tls);
  });
  for (Family* family : {&active, &idle, &total, &rejected, &tls}) page.add(std::move(*family));
}

template <size_t kBounds>
void add_duration(const Registry& registry, Histogram<kBounds> Worker::*of,
                  const std::array<double, kBounds>& bounds, Family family, Page& page) {
  std::array<uint64_t, kBounds + 1> buckets{};
  uint64_t milliseconds = 0;
  for (size_t worker = 0; worker < registry.worker_count(); ++worker) {
    const Histogram<kBounds>& one = registry.worker(worker).*of;
    for (size_t i = 0; i < buckets.size(); ++i) buckets[i] += one.buckets[i].value();
    milliseconds += one.sum_milliseconds.value();
  }
  family.add_histogram(bounds, buckets, static_cast<double>(milliseconds) / 1000);
  page.add(std::move(family));
}

bool has_exchanges(const Registry& registry) {
  for (size_t worker = 0; worker < registry.worker_count(); ++worker) {
    for (const Count& bucket : registry.worker(worker).exchange_duration.buckets) {
      if (bucket.value() != 0) return true;
    }
  }
  return false;
}

void add_durations(const Registry& registry, Page& page) {
  add_duration(
      registry, &Worker::handshake_duration, kHandshakeBounds,
      histogram("weir_handshake_duration_seconds", "Time from the accepted connection to the 101."),
      page);
  add_duration(registry, &Worker::session_duration, kSessionBounds,
               histogram("weir_session_duration_seconds", "Duration of ended sessions."), page);
  add_duration(registry, &Worker::client_silence, kSilenceBounds,
               histogram("weir_client_silence_seconds",
                         "The longest gap between two bytes of the client, of each ended "
                         "session."),
               page);
  if (!has_exchanges(registry)) return;
  add_duration(registry, &Worker::exchange_duration, kExchangeBounds,
               histogram("weir_http_duration_seconds",
                         "From a plain request's head to the end of its answer."),
               page);
  add_duration(registry, &Worker::first_byte, kExchangeBounds,
               histogram("weir_http_first_byte_seconds",
                         "From a plain request's head to the first byte of its answer."),
               page);
}

void add_waited_closes(const Registry& registry, Page& page) {
  constexpr std::array<std::string_view, 2> kResults{"given", "cut"};
  Family family = counter("weir_closes_deferred_total",
                          "Closes decided by Weir that had to wait for the end of a frame or for "
                          "room, by cause and by what became of them.");
  for (size_t cause = 0; cause < outcome::kCauses; ++cause) {
    for (size_t result = 0; result < kResults.size(); ++result) {
      uint64_t closes = 0;
      for (size_t worker = 0; worker < registry.worker_count(); ++worker)
        closes += registry.worker(worker).waited_closes[cause][result].value();
      family.add_if(
          {{"cause", to_string(static_cast<outcome::Cause>(cause))}, {"result", kResults[result]}},
          closes);
    }
  }
  page.add(std::move(family));
}

// Always there, so that an alert finds its zero.
void add_mass_closes(const Registry& registry, Page& page) {
  using outcome::Cause;
  Family pending = gauge("weir_mass_close_pending",
                         "Sessions that a drain, a reload or a budget has still to end.");
  for (const Cause cause :
       {Cause::drain, Cause::domain_removed, Cause::domain_disabled, Cause::quota}) {
    uint64_t number = 0;
    for (size_t worker = 0; worker < registry.worker_count(); ++worker)
      number += registry.worker(worker).mass_close_pending[static_cast<size_t>(cause)].value();
    pending.add({{"cause", to_string(cause)}}, number);
  }
  page.add(std::move(pending));
}

void add_process(Page& page) {
  const Process process = read_process();
  page.add_gauge("process_resident_memory_bytes", "Resident memory size in bytes.",
                 process.resident_memory_bytes);
  page.add_gauge("process_open_fds", "Number of open file descriptors.", process.open_fds);
  page.add_gauge("process_max_fds", "Maximum number of open file descriptors.", process.max_fds);
  page.add_counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.",
                   process.cpu_seconds);
  page.add_gauge("process_start_time_seconds",
                 "Start time of the process since the epoch in seconds.",
                 process.start_time_seconds);
}

}  // namespace

std::string render(const Registry& registry, const Facts& facts) {
  Page page;
  add_state(facts, page);
  add_loops(facts, page);
  add_config(facts, page);
  add_listeners(registry, page);
  add_durations(registry, page);
  add_waited_closes(registry, page);
  add_mass_closes(registry, page);
  add_domains(registry, page);
  add_origins(registry, facts.origins, page);
  add_paths(facts.paths, page);
  add_usage(facts.usage, page);
  add_process(page);
  return page.take();
}

}  // namespace gateway::metrics
