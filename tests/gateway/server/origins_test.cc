#include "gateway/server/origins.h"

#include <algorithm>
#include <string>

#include <doctest/doctest.h>

#include "gateway/origin/in_use_count.h"
#include "tests/support/building.h"
#include "tests/support/loop_stage.h"

using namespace tests;
using gateway::server::Origins;

namespace {

std::string domain_with(const std::string& servers) {
  return "  - domain: chat.example.com\n    websocket: { enabled: true }\n"
         "    origin: { protocol: http, servers: [" +
         servers + "] }\n";
}

struct OriginsScene {
  std::shared_ptr<const gateway::route::Snapshot> use(const std::string& servers) {
    auto reading = gateway::config::read_text(std::string(kNode) + domain_with(servers), "t.yaml");
    REQUIRE(reading.ok());
    auto built = gateway::route::build(std::move(reading.document), nullptr,
                                       {.generation = 1,
                                        .registry = building.registry,
                                        .ticket_keys = building.keys,
                                        .meters = building.meters,
                                        .standings = building.standings,
                                        .backends = origins.backends()});
    REQUIRE(built.has_value());
    origins.use(gateway::route::change_between(std::exchange(last, *built), *built));
    return *built;
  }
  std::vector<std::string> names() {
    std::vector<std::string> found;
    for (const auto& facts : origins.facts(stage.loop.now())) found.push_back(facts.origin);
    return found;
  }

  std::shared_ptr<const gateway::route::Snapshot> last;
  Building building;
  LoopStage stage;
  Origins origins{stage.loop};
};

}  // namespace

TEST_CASE("origins: servers are named as they are configured, with priority and weight") {
  OriginsScene scene;
  const auto snapshot = scene.use(
      R"({ address: "10.0.0.5:8080", priority: 30, weight: 50 }, { address: "[2001:db8::1]:80" }, )"
      R"({ address: "2001:db8::2" }, { address: app.example.net })");
  const auto& servers = snapshot->pools.front()->servers;
  REQUIRE(servers.size() == 4);
  CHECK(servers[0].priority == 30);
  CHECK(servers[0].weight == 50);
  CHECK(servers[1].priority == 20);
  CHECK(servers[1].weight == 10);
  CHECK(servers[0].backend->name() == "10.0.0.5:8080");
  CHECK(servers[1].backend->name() == "[2001:db8::1]:80");
  CHECK(servers[2].backend->name() == "2001:db8::2");
  CHECK(servers[3].backend->name() == "app.example.net");
  CHECK(scene.names().size() == 4);
}

TEST_CASE("origins: a server that has gone is told of until its last session has ended") {
  OriginsScene scene;
  auto snapshot = scene.use(R"({ address: "10.0.0.5:8080" }, { address: "10.0.0.6:8080" })");
  {
    const gateway::origin::SessionCount session(snapshot->pools.front()->servers[0].backend.get());
    snapshot = scene.use(R"({ address: "10.0.0.6:8080" })");
    CHECK(scene.names() == std::vector<std::string>{"10.0.0.5:8080", "10.0.0.6:8080"});
    CHECK(scene.origins.facts(scene.stage.loop.now()).front().sessions == 1);
  }
  CHECK(scene.names() == std::vector<std::string>{"10.0.0.6:8080"});
}
