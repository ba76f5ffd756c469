// What this node lacks, or has no way to, is held against no server.
#include <doctest/doctest.h>

#include "gateway/origin/ejection.h"
#include "gateway/origin/prober.h"
#include "tests/gateway/origin/connect_scene.h"
#include "tests/gateway/origin/pool_scene.h"
#include "tests/gateway/origin/probing_scene.h"
#include "tests/support/names.h"
#include "tests/support/no_descriptors.h"

using namespace tests;
using namespace gateway::origin;
using gateway::outcome::Blame;
using gateway::outcome::Cause;
using gateway::outcome::Failure;

namespace {

const char* const kNowhere = "255.255.255.255";  // connect() itself refuses

struct NamedScene : ConnectScene {
  // The broadcast address is denied to names, as a rule.
  NamedScene() { config.origin.deny_addresses.clear(); }
  // To a name that has these addresses.
  void connect_to_name(const std::vector<std::string>& addresses, uint16_t port) {
    names.set("a.test", addresses);
    server.host = "a.test";
    outcome = std::make_unique<ConnectOutcome>();
    outcome->connector =
        std::make_unique<Connector>(stage.loop, names.resolver,
                                    Connector::Plan{.pool = pool,
                                                    .server = server,
                                                    .target = {.tls = false, .port = port},
                                                    .tls_name = {},
                                                    .paths = paths},
                                    outcome->trail, *outcome);
  }
  Names names{stage};
};

}  // namespace

TEST_CASE("FX2 connector: without a descriptor it is our overload, told at once") {
  const RawListener listener;
  ConnectScene scene;
  scene.connect("127.0.0.1", listener.address().port());
  const NoDescriptors none;
  REQUIRE(scene.finished());
  CHECK(scene.outcome->failure.cause == Cause::overload);
  CHECK(scene.outcome->failure.status == 503);
  CHECK(scene.outcome->failure.blame == Blame::us);
  CHECK(scene.outcome->failure.why == "this node has no file descriptor left");
  CHECK(scene.outcome->failure.detail.find("LimitNOFILE") != std::string::npos);
  CHECK(outcome_of(scene.outcome->failure).kind == Outcome::Kind::abandoned);
}

TEST_CASE("FX2 connector: what is lacking for one address is not asked for at the others") {
  const RawListener listener;
  NamedScene scene;
  scene.connect_to_name({"127.0.0.1", "127.0.0.2", "127.0.0.3"}, listener.address().port());
  REQUIRE(scene.finished());
  REQUIRE(scene.outcome->connects == 1);
  // Now the name is known, and no descriptor is needed for it.
  const NoDescriptors none;
  scene.connect_to_name({"127.0.0.1", "127.0.0.2", "127.0.0.3"}, listener.address().port());
  REQUIRE(scene.finished());
  CHECK(scene.outcome->failure.blame == Blame::us);
  CHECK(scene.outcome->trail.misses.size() == 1);
}

TEST_CASE("FX2 connector: a name that we cannot look up is our overload") {
  NamedScene scene;
  const NoDescriptors none;
  scene.connect_to_name({"127.0.0.1"}, 80);
  REQUIRE(scene.finished());
  CHECK(scene.outcome->failure.cause == Cause::overload);
  CHECK(scene.outcome->failure.status == 503);
  CHECK(scene.outcome->failure.blame == Blame::us);
  CHECK(scene.outcome->failure.why == "this node cannot look up names now");
}

TEST_CASE(
    "FX2 connector: an address without a route is our doing, a refusal beside it the peer's") {
  NamedScene scene;
  scene.connect_to_name({kNowhere}, 80);
  REQUIRE(scene.finished());
  CHECK(scene.outcome->failure.cause == Cause::overload);
  CHECK(scene.outcome->failure.blame == Blame::network);
  CHECK(scene.outcome->failure.status == 503);
  CHECK_FALSE(scene.outcome->failure.why.find(kNowhere) != std::string::npos);
  CHECK(scene.outcome->failure.detail.find(kNowhere) != std::string::npos);

  for (const bool first : {true, false}) {
    NamedScene both;
    both.connect_to_name(first ? std::vector<std::string>{kNowhere, "127.0.0.1"}
                               : std::vector<std::string>{"127.0.0.1", kNowhere},
                         ConnectScene::closed_port());
    REQUIRE(both.finished());
    CHECK(both.outcome->failure.cause == Cause::origin_connect);
    CHECK(both.outcome->failure.blame == Blame::server);
    CHECK(both.outcome->trail.misses.size() == 2);
  }
}

TEST_CASE("FX2 connector: a forward proxy that we lack a descriptor for is our overload, too") {
  const RawListener proxy;
  ConnectScene scene;
  auto& forward = scene.config.origin.forward_proxy.emplace();
  forward.host = "127.0.0.1";
  forward.port = proxy.address().port();
  scene.connect("127.0.0.1", 80);
  const NoDescriptors none;
  REQUIRE(scene.finished());
  CHECK(scene.outcome->failure.cause == Cause::overload);
  CHECK(scene.outcome->failure.blame == Blame::us);
}

TEST_CASE("FX2 ejection: nothing is counted of what is not the peer's") {
  for (const Blame blame : {Blame::us, Blame::network}) {
    PoolScene scene(2);
    const Failure failure{
        .cause = Cause::overload, .status = 503, .blame = blame, .why = {}, .detail = {}};
    for (int i = 0; i < 20; ++i) report(scene.pool, 0, outcome_of(failure), scene.now);
    CHECK(state_of(scene.at(0), scene.now) == ServerState::serving);
    CHECK(scene.at(0).failures_in_a_row == 0);
    for (const auto& count : scene.at(0).failures) CHECK(count == 0);
  }
}

namespace {

struct Probing final : ProbingScene {
  explicit Probing(const std::vector<std::string>& addresses, uint16_t port) {
    health().fall = 1;
    settings.origin.deny_addresses.clear();
    names.set("a.test", addresses);
    made = snapshot({"a.test"}, {port});
    prober.use(change_to(made));
  }
  bool up() const { return pool_of(*made).servers.front().backend->up; }

  Names names{stage};
  std::shared_ptr<gateway::route::Snapshot> made;
  Prober prober{stage.loop, names.resolver};
};

}  // namespace

TEST_CASE("FX2 prober: a check that we lack a descriptor for is no failed one") {
  Probing scene({"127.0.0.1"}, ProbingScene::closed_port());
  {
    const NoDescriptors none;
    scene.pass(100ms);
    CHECK(scene.up());
  }
  CHECK(scene.run_until([&] { return !scene.up(); }));
}

TEST_CASE("FX2 prober: an address without a route says nothing, but another one that fails does") {
  Probing nowhere({kNowhere}, 80);
  nowhere.pass(100ms);
  CHECK(nowhere.up());
  Probing both({kNowhere, "127.0.0.1"}, ProbingScene::closed_port());
  CHECK(both.run_until([&] { return !both.up(); }));
}
