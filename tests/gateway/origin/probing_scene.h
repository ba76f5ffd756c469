// A snapshot whose servers are checked, and the loop on which that happens.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/net/dns/resolver.h"
#include "gateway/route/snapshot.h"
#include "tests/gateway/origin/fake_origin.h"
#include "tests/support/loop_stage.h"
#include "tests/support/made_snapshot.h"

namespace tests {

struct ProbingScene {
  struct Alarm final : gateway::net::DeadlineWheel::Entry {
    void on_deadline(std::chrono::milliseconds) override { rung = true; }
    bool rung = false;
  };

  ProbingScene() {
    gateway::config::Domain domain;
    domain.names = {"chat.example.com"};
    domain.origin.protocol = gateway::config::Origin::Protocol::http;
    domain.origin.health->host = "chat.example.com";
    domain.origin.health->interval = std::chrono::milliseconds(20);
    domain.origin.health->timeout = std::chrono::milliseconds(100);
    settings = domain;
  }
  gateway::config::Health& health() { return *settings.origin.health; }

  // What a reload would build of these servers.
  std::shared_ptr<gateway::route::Snapshot> snapshot(const std::vector<std::string>& hosts,
                                                     const std::vector<uint16_t>& ports) {
    auto made = std::make_shared<gateway::route::Snapshot>();
    made->document.listeners.resize(tls ? 2 : 1);
    made->document.listeners.back().tls = tls;
    made->document.domains.push_back(settings);
    gateway::route::Pool& pool = add_pool(*made, made->document.domains.front());
    // A pool goes on after its snapshot, as long as it is checked.
    const auto shared = made->document.domains.share(0);
    pool.config = {shared, &shared->origin};
    for (size_t i = 0; i < hosts.size(); ++i) {
      gateway::route::Server server;
      server.host = hosts[i];
      if (ports[i] != 0) server.port = ports[i];
      server.address = gateway::net::Address::parse(hosts[i], 0);
      server.backend = backends.of(pool, hosts[i] + ":" + std::to_string(ports[i]));
      pool.servers.push_back(std::move(server));
    }
    backends.use(change_to(made, std::exchange(last, made)));
    return made;
  }
  std::shared_ptr<gateway::route::Snapshot> snapshot(uint16_t port) {
    return snapshot({"127.0.0.1"}, {port});
  }

  bool run_until(const std::function<bool()>& happened) {
    return stage.run_until([&] {
      for (FakeOrigin* origin : origins) origin->serve();
      return happened();
    });
  }
  // Lets time pass, with the origins at work.
  void pass(std::chrono::milliseconds time) {
    Alarm alarm;
    stage.loop.wheel().set(alarm, stage.loop.now() + time);
    static_cast<void>(run_until([&alarm] { return alarm.rung; }));
  }
  static uint16_t closed_port() { return RawListener().address().port(); }

  LoopStage stage;
  gateway::net::dns::Resolver resolver{stage.loop};
  gateway::route::Backends backends;
  std::shared_ptr<const gateway::route::Snapshot> last;
  gateway::config::Domain settings;
  bool tls = false;  // there is a TLS listener, too
  std::vector<FakeOrigin*> origins;
};

}  // namespace tests
