// A domain with as many servers as a test wants, and a clock that is moved by hand.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "gateway/origin/ejection.h"
#include "gateway/origin/pool_state.h"
#include "tests/support/made_snapshot.h"

namespace tests {

struct PoolScene {
  using Balance = gateway::config::Origin::Balance;
  using Kind = gateway::origin::Outcome::Kind;

  explicit PoolScene(size_t servers, Balance balance = Balance::weighted) {
    config.balance = balance;
    pool.config = borrowed(config);
    pool.domain = "chat.example.com";
    pool.label = "chat.example.com#/";
    for (size_t i = 0; i < servers; ++i) add();
  }

  void add(uint32_t weight = 10, uint32_t priority = 20) {
    const std::string name = "10.0.0." + std::to_string(pool.servers.size() + 1);
    pool.servers.push_back({.host = name,
                            .port = {},
                            .address = {},
                            .priority = priority,
                            .weight = weight,
                            .backend = backends.of(pool, name)});
  }
  gateway::route::Backend& at(size_t server) { return *pool.servers[server].backend; }

  std::vector<size_t> order(uint64_t key = 0) { return state.order(pool, {.key = key}, now); }
  // As a request does that then asks the server; it must be one that may be asked.
  size_t choose(uint64_t key = 0) {
    for (const size_t server : order(key)) {
      if (gateway::origin::state_of(at(server), now) != gateway::origin::ServerState::on_trial ||
          gateway::origin::begin_trial(at(server), now))
        return server;
    }
    return pool.servers.size();
  }
  // How often each server is the choice; what it adds to the load stays.
  std::vector<double> shares(size_t choices, bool opened = false) {
    std::vector<double> counts(pool.servers.size());
    for (size_t i = 0; i < choices; ++i) {
      const size_t server = choose(i);
      counts[server] += 1;
      if (opened) at(server).sessions.fetch_add(1);
    }
    for (double& count : counts) count /= static_cast<double>(choices);
    return counts;
  }
  void report(size_t server, Kind kind, std::chrono::microseconds took = {}) {
    gateway::origin::report(pool, server, {.kind = kind, .took = took}, now);
  }
  void fail(size_t server, int times = 3) {
    for (int i = 0; i < times; ++i) report(server, Kind::connect_failed);
  }

  gateway::config::Origin config;
  gateway::route::Backends backends;
  gateway::route::Pool pool;
  gateway::origin::PoolState state{1};
  std::chrono::milliseconds now{1'000'000};
};

}  // namespace tests
