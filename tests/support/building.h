// Snapshots of a YAML text, as a start or a reload builds them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>

#include "gateway/config/yaml_reader.h"
#include "gateway/route/builder.h"

namespace tests {

inline constexpr std::string_view kNode =
    "node: node-1\nlisteners: [{ name: web, ports: [0] }]\ndomains:\n";
inline constexpr std::string_view kEchoDomain =
    "  - domain: chat.example.com\n    websocket: { enabled: true }\n"
    "    origin: { builtin: echo }\n";

// Without servers: a test adds them as it knows their ports.
inline constexpr std::string_view kOriginDomain =
    "  - domain: chat.example.com\n    websocket: { enabled: true }\n"
    "    origin: { servers: [{ address: \"127.0.0.1:1\" }] }\n";

inline gateway::config::Document document_of(std::string_view domains) {
  auto reading = gateway::config::read_text(std::string(kNode).append(domains), "t.yaml");
  for (const auto& problem : reading.problems) {
    if (!problem.warning) FAIL_CHECK(to_string(problem));
  }
  REQUIRE(reading.ok());
  return std::move(reading.document);
}

struct Building {
  explicit Building(size_t workers = 1)
      : registry(workers),
        own_meters(
            std::make_unique<gateway::usage::meter::Books>(gateway::usage::meter::Books::Plan{
                .folder = {}, .node = "node-1", .boot = "boot-1", .workers = workers})),
        meters(*own_meters),
        standings(own_standings) {}
  // With the meters of somebody who outlives it.
  Building(gateway::usage::meter::Books& theirs, gateway::usage::BudgetStandings& where)
      : registry(theirs.size()), meters(theirs), standings(where) {}
  Building(const Building&) = delete;
  Building& operator=(const Building&) = delete;

  // `before`: as a reload after that one builds it.
  auto build(gateway::config::Document document, uint64_t generation = 1,
             const gateway::route::Snapshot* before = nullptr) {
    return gateway::route::build(std::move(document), before,
                                 {.generation = generation,
                                  .registry = registry,
                                  .ticket_keys = keys,
                                  .meters = meters,
                                  .standings = standings,
                                  .backends = backends,
                                  .node_key = node_key});
  }
  auto build(const std::string& domains, uint64_t generation = 1,
             const gateway::route::Snapshot* before = nullptr) {
    return build(document_of(domains), generation, before);
  }
  std::shared_ptr<const gateway::route::Snapshot> snapshot(const std::string& domains) {
    auto built = build(domains);
    REQUIRE(built.has_value());
    return *built;
  }
  // As a reload builds it.
  std::shared_ptr<const gateway::route::Snapshot> snapshot(const std::string& domains,
                                                           const gateway::route::Snapshot& before) {
    auto built = build(domains, before.generation + 1, &before);
    REQUIRE(built.has_value());
    return *built;
  }

  gateway::metrics::Registry registry;
  gateway::net::tls::TicketKeys keys;
  gateway::route::Backends backends;
  gateway::route::NodeKey node_key = [] {
    return proto::Result<std::string, std::string>(std::string(32, 'k'));
  };
  std::unique_ptr<gateway::usage::meter::Books> own_meters;
  gateway::usage::BudgetStandings own_standings;
  gateway::usage::meter::Books& meters;
  gateway::usage::BudgetStandings& standings;
};

// What a build may take the system's authorities from: to read them costs more than a test does.
inline const gateway::route::Snapshot& with_authorities() {
  static Building building;
  static const auto kBuilt = building.snapshot(
      "  - domain: authorities.example\n    websocket: { enabled: true }\n"
      "    origin: { servers: [{ address: \"127.0.0.1:1\" }] }\n");
  return *kBuilt;
}

}  // namespace tests
