#include "gateway/metrics/origin_families.h"

#include <memory>
#include <string>
#include <utility>

namespace gateway::metrics {

namespace {

using outcome::Cause;
using Blocks = std::vector<std::unique_ptr<Domain>>;

// Handshakes that failed without a server that is to blame, as where all are down, have no origin
// label; attempts at a server have one.
void add_failures(const Registry& registry, const std::vector<OriginFacts>& origins, Page& page) {
  Family failures =
      counter("weir_origin_failures_total",
              "Attempts at an origin's server that failed, by cause; without an origin: handshakes "
              "that failed at no single server.");
  registry.for_each_domain([&](const std::string& domain, const Blocks& blocks) {
    for (size_t slot = 0; slot < outcome::kCauses; ++slot) {
      const uint64_t number = sum(blocks, [slot](const Domain& block) -> const Count& {
        return block.origin_failures[slot];
      });
      if (number == 0) continue;
      failures.add({{"domain", domain}, {"cause", to_string(static_cast<Cause>(slot))}}, number);
    }
  });
  for (const OriginFacts& one : origins) {
    for (const auto& [cause, number] : one.failures) {
      failures.add({{"domain", one.domain}, {"origin", one.origin}, {"cause", to_string(cause)}},
                   number);
    }
  }
  page.add(failures);
}

// Of one server, over the workers.
template <class Part>
uint64_t sum_of(const std::vector<std::unique_ptr<Origin>>& blocks, Part Origin::*part,
                Count Part::*count) {
  return sum(blocks, [=](const Origin& block) -> const Count& { return block.*part.*count; });
}

// Of servers that have had plain requests: others are not named.
void add_exchanges(const Registry& registry, Page& page) {
  Family in = counter("weir_http_origin_bytes_in_total",
                      "Bytes of answers to plain requests received from origins, inside TLS.");
  Family out = counter("weir_http_origin_bytes_out_total",
                       "Bytes of plain requests sent to origins, inside TLS.");
  Family idle = gauge("weir_origin_connections_idle",
                      "Connections that rest between two plain requests (origin.reuse).");
  Family total = counter("weir_origin_connections_total",
                         "Plain requests by whether their connection had served one before.");
  registry.for_each_origin(
      [&](const std::string& domain, const std::string& name, const auto& blocks) {
        const uint64_t made = sum_of(blocks, &Origin::connections, &Connections::made);
        const uint64_t reused = sum_of(blocks, &Origin::connections, &Connections::reused);
        const uint64_t sent = sum_of(blocks, &Origin::http, &Traffic::bytes_out);
        if (made + reused + sent == 0) return;
        const Labels labels{{"domain", domain}, {"origin", name}};
        in.add(labels, sum_of(blocks, &Origin::http, &Traffic::bytes_in));
        out.add(labels, sent);
        idle.add(labels, sum_of(blocks, &Origin::connections, &Connections::idle));
        total.add({{"domain", domain}, {"origin", name}, {"reused", "false"}}, made);
        total.add({{"domain", domain}, {"origin", name}, {"reused", "true"}}, reused);
      });
  for (Family* family : {&in, &out, &idle, &total}) page.add(std::move(*family));
}

// One line for each server that a domain has or had: their sum is what the domain has moved.
void add_bytes(const Registry& registry, Page& page, Family family, Count Traffic::*way) {
  registry.for_each_origin(
      [&](const std::string& domain, const std::string& name, const auto& blocks) {
        family.add({{"domain", domain}, {"origin", name}}, sum_of(blocks, &Origin::traffic, way));
      });
  registry.for_each_domain([&](const std::string& domain, const Blocks& blocks) {
    for (size_t slot = 0; slot < kNameless.size(); ++slot) {
      family.add_if({{"domain", domain}, {"origin", kNameless[slot]}},
                    sum(blocks, [=](const Domain& block) -> const Count& {
                      return block.nameless_origins[slot].*way;
                    }));
    }
  });
  page.add(std::move(family));
}

}  // namespace

void add_paths(const PathFacts& paths, Page& page) {
  page.add_counter("weir_origin_source_ports_exhausted_total",
                   "Connections to origins not begun: no port was free on any source address.",
                   static_cast<double>(paths.no_local_port));
  Family warm = counter("weir_origin_warm_total",
                        "Connections wanted where origin.warm is set: taken warm, or made anew.");
  warm.add({{"result", "taken"}}, paths.warm_taken);
  warm.add({{"result", "missed"}}, paths.warm_missed);
  page.add(std::move(warm));
  page.add_gauge("weir_origin_warm_idle", "Warm connections that stand ready.",
                 static_cast<double>(paths.warm_idle));
  Family closed = counter("weir_origin_connections_closed_total",
                          "Connections that were not kept for another plain request, by reason.");
  for (const auto& [why, number] : paths.connections_closed) closed.add_if({{"why", why}}, number);
  page.add(std::move(closed));
}

void add_origins(const Registry& registry, const std::vector<OriginFacts>& origins, Page& page) {
  add_bytes(registry, page,
            counter("weir_origin_bytes_in_total",
                    "Bytes received from origins after the 101, inside TLS."),
            &Traffic::bytes_in);
  add_bytes(
      registry, page,
      counter("weir_origin_bytes_out_total", "Bytes sent to origins after the 101, inside TLS."),
      &Traffic::bytes_out);
  add_exchanges(registry, page);
  add_failures(registry, origins, page);
  Family up = gauge("weir_origin_up",
                    "Whether active checks find the server alive; 1 where they are switched off.");
  Family ejected =
      gauge("weir_origin_ejected",
            "Whether the server is left out for a while because sessions failed there.");
  Family ejections =
      counter("weir_origin_ejections_total", "Times that a server was left out for failures.");
  Family sessions = gauge("weir_origin_sessions_active", "Sessions that are open to the server.");
  for (const OriginFacts& one : origins) {
    up.add({{"domain", one.domain}, {"origin", one.origin}}, one.up ? 1.0 : 0.0);
    ejected.add({{"domain", one.domain}, {"origin", one.origin}}, one.ejected ? 1.0 : 0.0);
    ejections.add_if({{"domain", one.domain}, {"origin", one.origin}}, one.ejections);
    sessions.add({{"domain", one.domain}, {"origin", one.origin}}, one.sessions);
  }
  for (Family* family : {&up, &ejected, &ejections, &sessions}) page.add(std::move(*family));
}

}  // namespace gateway::metrics
