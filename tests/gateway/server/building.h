// Snapshots of a YAML text, as a start or a reload builds them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>

#include "gateway/config/yaml_reader.h"
#include "gateway/server/metering.h"
#include "gateway/server/snapshot_builder.h"
#include "tests/support/folder.h"

namespace tests {

inline constexpr std::string_view kNode =
    "node: node-1\nlisteners: [{ name: web, ports: [0] }]\ndomains:\n";
inline constexpr std::string_view kEchoDomain =
    "  - domain: chat.example.com\n    websocket: { enabled: true }\n"
    "    origin: { builtin: echo }\n";

struct Building {
  explicit Building(size_t workers = 1)
      : registry(workers),
        metering({.state_dir = folder.path(), .boot = "boot-1", .workers = workers}, {}, loop) {}

  auto build(const std::string& domains, uint64_t generation = 1) {
    auto reading = gateway::config::read_text(std::string(kNode) + domains, "t.yaml");
    for (const auto& problem : reading.problems) {
      if (!problem.warning) FAIL_CHECK(to_string(problem));
    }
    REQUIRE(reading.ok());
    return gateway::server::build_snapshot(std::move(reading.document),
                                           {.generation = generation,
                                            .registry = registry,
                                            .ticket_keys = keys,
                                            .meters = metering.meters(),
                                            .standings = metering.standings(),
                                            .backends = backends});
  }
  std::shared_ptr<const gateway::route::Snapshot> snapshot(const std::string& domains) {
    auto built = build(domains);
    REQUIRE(built.has_value());
    return *built;
  }

  gateway::metrics::Registry registry;
  gateway::net::TicketKeys keys;
  gateway::route::Backends backends;
  Folder folder;
  gateway::net::Loop loop;  // for what metering would have to tell
  gateway::server::Metering metering;
};

}  // namespace tests
