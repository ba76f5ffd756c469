#include "gateway/server/pacer.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/building.h"
#include "tests/support/frames.h"
#include "tests/support/memory_stream.h"

using namespace tests;
using namespace std::chrono_literals;
using gateway::outcome::By;
using gateway::outcome::Cause;
using gateway::server::Pacer;
using gateway::session::Session;
using std::chrono::milliseconds;

namespace {

std::string domain(const std::string& name, const std::string& websocket = "enabled: true",
                   const std::string& more = {}) {
  return "  - domain: " + name + "\n    websocket: { " + websocket +
         " }\n    origin: { builtin: echo }\n" + more;
}

// Two peers in memory, which outlive their session.
struct Ends {
  Peer client;
  Peer origin;
};

struct PacerScene {
  explicit PacerScene(const std::string& domains, std::optional<double> close_rate = std::nullopt)
      : rate(close_rate), snapshot(building.snapshot(domains)) {
    pacer.use(snapshot, rate);
  }
  ~PacerScene() {
    while (table.size() > 0) table.at(table.size() - 1).abort();
    retirement.clear();
  }
  Session& open(const std::string& name) {
    const auto* to = snapshot->router.find(name);
    REQUIRE(to != nullptr);
    auto ends = std::make_unique<Ends>();
    auto& gate = *building.registry.listener("web")[0];
    auto made = std::make_unique<Session>(
        context, Session::Opening{.domain = snapshot->router.share(name),
                                  .route = to->routes.front(),
                                  .streams = {ends->client.connect(), ends->origin.connect()},
                                  .permessage_deflate = false,
                                  .identity = {},
                                  .pass = std::move(*admission.admit(gate))});
    peers.push_back(std::move(ends));
    Session& session = table.add(std::move(made));
    session.start({}, {});
    return session;
  }
  void open(const std::string& name, size_t count) {
    for (size_t i = 0; i < count; ++i) open(name);
  }
  // A reload, as the worker carries it out.
  void use(const std::string& domains, bool look = true) {
    snapshot = building.snapshot(domains);
    pacer.use(snapshot, rate);
    if (look) pacer.look();
  }
  void drain(milliseconds window) {
    pacer.drain({.time = window, .give_by = wheel.now() + 2 * window, .rate = std::nullopt});
  }
  void pass(milliseconds time) {
    const milliseconds target = wheel.now() + time;
    while (wheel.next() && *wheel.next() <= target) {
      wheel.advance(std::max(*wheel.next(), wheel.now()));
      retirement.clear();
    }
    wheel.advance(target);
    retirement.clear();
  }
  // Those that were told, whatever became of them.
  size_t told() {
    return static_cast<size_t>(std::ranges::count_if(
        peers, [](const auto& one) { return !one->client.received().empty(); }));
  }
  uint64_t pending(Cause cause) {
    return building.registry.worker(0).mass_close_pending[static_cast<size_t>(cause)].value();
  }
  ReadFrame close_of(size_t index) {
    const auto frames = read_frames(peers[index]->client.received(), proto::ws::Sender::server);
    REQUIRE(frames.size() == 1);
    return frames.front();
  }

  Building building;
  std::vector<std::unique_ptr<Ends>> peers;
  gateway::net::Admission admission;
  gateway::session::Scribe scribe;
  gateway::net::DeadlineWheel wheel{1'000'003ms};
  gateway::net::Retirement retirement;
  gateway::session::Table table{retirement};
  gateway::session::WorkerContext context{.wheel = wheel,
                                          .table = table,
                                          .scribe = scribe,
                                          .figures = building.registry.worker(0),
                                          .book = building.meters.book(0),
                                          .records = nullptr,
                                          .interim = std::chrono::minutes(5),
                                          .worker = 0};
  std::optional<double> rate;
  std::shared_ptr<const gateway::route::Snapshot> snapshot;
  Pacer pacer{wheel, table, building.registry.worker(0)};
};

constexpr const char* kDisabled = "enabled: false, on_disable: drain";

}  // namespace

TEST_CASE("FX12 pacer: sessions of a removed domain are told that it is served here no longer") {
  PacerScene scene(domain("old.test") + domain("new.test"));
  scene.open("old.test");
  scene.open("new.test");
  scene.use(domain("new.test"));
  scene.pass(1s);
  CHECK(scene.told() == 1);
  const ReadFrame close = scene.close_of(0);
  CHECK(close.code() == proto::ws::CloseCode::going_away);
  CHECK(close.reason() == "this domain is no longer served here");
  scene.table.at(0).abort();
  const auto& closed = scene.building.registry.domain("old.test")[0]->closed;
  CHECK(closed[static_cast<size_t>(By::gateway)][static_cast<size_t>(Cause::domain_removed)]
            .value() == 1);
}

TEST_CASE("FX12 pacer: a domain whose name another one serves now was not removed") {
  PacerScene scene(domain("a.example.com") +
                   "  - names: [b.test, C.test]\n    websocket: { enabled: true }\n"
                   "    origin: { builtin: echo }\n");
  for (const char* name : {"a.example.com", "b.test"}) scene.open(name);
  scene.use(domain("'*.example.com'") + domain("c.test"));
  scene.pass(1s);
  CHECK(scene.told() == 0);
}

TEST_CASE("FX12 pacer: 20,000 sessions over budget go at the rate, and never faster") {
  const std::string budget = "    usage: { budget: { traffic: 1MB, close: true } }\n";
  PacerScene scene(domain("big.test", "enabled: true", budget) + domain("other.test"));
  scene.open("big.test", 20'000);
  scene.open("other.test", 100);
  *scene.building.standings.of("big.test") = gateway::usage::BudgetStanding::hard;
  scene.pacer.look();
  CHECK(scene.pending(Cause::quota) <= 20'000);
  // 2 % of those that are open a second, whose number falls only as they answer: none does here.
  const size_t most = 20'100 / 50;
  size_t before = scene.told();
  for (int second = 0; second < 5; ++second) {
    scene.pass(1s);
    const size_t now = scene.told();
    CHECK(now - before <= most);
    CHECK(now - before >= most * 9 / 10);
    before = now;
  }
  CHECK(scene.pending(Cause::quota) == 20'000 - before);
  CHECK(scene.close_of(19'999).code() == proto::ws::CloseCode::policy_violation);
}

TEST_CASE("FX12 pacer: a small worker ends 50 a second, and close_rate bounds that") {
  for (const auto rate : {std::optional<double>(), std::optional(10.0), std::optional(1000.0)}) {
    CAPTURE(rate.value_or(0));
    PacerScene scene(domain("old.test"), rate);
    scene.open("old.test", 200);
    scene.use(domain("new.test"));
    CHECK(scene.told() == 0);
    scene.pass(2s);
    const auto most = static_cast<size_t>(2 * std::min(50.0, rate.value_or(50)));
    CHECK(scene.told() <= most);
    CHECK(scene.told() >= most - 3);
  }
}

TEST_CASE("FX12 pacer: mass closes of several causes share one rate") {
  PacerScene scene(domain("a.test") + domain("b.test") + domain("c.test"));
  for (const char* name : {"a.test", "b.test", "c.test"}) scene.open(name, 60);
  scene.use(domain("b.test", kDisabled) + domain("c.test"));
  CHECK(scene.pending(Cause::domain_removed) == 60);
  CHECK(scene.pending(Cause::domain_disabled) == 60);
  scene.pass(1s);
  CHECK(scene.told() <= 50);
  scene.pass(4s);
  CHECK(scene.told() == 120);
  CHECK(scene.pending(Cause::domain_removed) == 0);
  CHECK(scene.pending(Cause::domain_disabled) == 0);
}

TEST_CASE("FX12 pacer: whoever may stay again before his turn stays") {
  PacerScene scene(domain("a.test"));
  scene.open("a.test", 100);
  scene.use(domain("b.test"));
  scene.pass(1s);
  const size_t told = scene.told();
  CHECK(told > 0);
  CHECK(told < 100);
  // Nobody departs by this reload, so nobody is looked at for it.
  scene.use(domain("a.test"), false);
  scene.pass(10s);
  CHECK(scene.told() == told);
  CHECK(scene.pending(Cause::domain_removed) == 0);
}

TEST_CASE("FX12 pacer: one that was on its way in when its domain went is told, too") {
  PacerScene scene(domain("a.test") + domain("b.test"));
  const auto before = scene.snapshot;
  scene.use(domain("b.test"));
  const auto now = scene.snapshot;
  scene.snapshot = before;
  Session& late = scene.open("a.test");
  scene.pacer.look_at(late);
  CHECK(scene.told() == 0);
  CHECK(scene.pending(Cause::domain_removed) == 1);
  scene.snapshot = now;
  scene.pacer.look_at(scene.open("b.test"));
  scene.pass(1s);
  CHECK(scene.told() == 1);
  CHECK(scene.pending(Cause::domain_removed) == 0);
}

TEST_CASE("FX12 pacer: when all have been seen it rests, and looks at nobody") {
  PacerScene scene(domain("a.test") + domain("b.test", "enabled: true, connection_timeout: 30d"));
  scene.open("b.test", 3);
  CHECK(scene.pacer.looks() == 0);
  scene.use(domain("b.test"));
  scene.pass(60s);
  // One walk counts them, one would tell them.
  CHECK(scene.pacer.looks() == 6);
}

TEST_CASE("FX12 pacer: a table is looked at in slices") {
  PacerScene scene(domain("a.test") + domain("b.test"));
  scene.open("b.test", Pacer::kSlice + 1);
  scene.use(domain("b.test"));
  CHECK(scene.pacer.looks() == Pacer::kSlice);
  scene.pass(1s);
  CHECK(scene.pacer.looks() == 2 * (Pacer::kSlice + 1));
}

TEST_CASE("FX12 pacer: sessions that end while they are looked at cost nobody his turn") {
  PacerScene scene(domain("a.test") + domain("b.test"));
  for (int i = 0; i < 100; ++i) {
    scene.open("a.test");
    scene.open("b.test");
  }
  scene.use(domain("b.test"));
  for (int step = 0; step < 40; ++step) {
    scene.pass(100ms);
    // From the front and from the middle: the last ones take their places.
    for (const size_t index : {size_t{0}, scene.table.size() / 2}) scene.table.at(index).abort();
    scene.retirement.clear();
  }
  for (size_t i = 0; i < scene.table.size(); ++i) {
    const Session& session = scene.table.at(i);
    CHECK(session.relay().closing() == (session.domain().label == "a.test"));
  }
}

TEST_CASE("FY24 pacer: a drain is spread over the time that there is, without a floor") {
  PacerScene scene(domain("a.test"));
  scene.open("a.test", 50);
  scene.drain(5s);
  CHECK(scene.told() == 1);
  scene.pass(1s);
  CHECK(scene.told() <= 11);
  CHECK(scene.told() >= 10);
  scene.pass(3s);
  CHECK(scene.told() <= 41);
  CHECK(scene.told() >= 40);
  CHECK(scene.pending(Cause::drain) == 50 - scene.told());
  scene.pass(1s);
  CHECK(scene.told() == 50);
  CHECK(scene.pending(Cause::drain) == 0);
  CHECK(scene.close_of(0).code() == proto::ws::CloseCode::service_restart);
}

TEST_CASE("FX12 pacer: in a drain a removed domain keeps its own words, and comes in time") {
  PacerScene scene(domain("a.test") + domain("b.test"));
  scene.open("a.test", 1000);
  scene.open("b.test", 1000);
  scene.use(domain("b.test"));
  scene.pass(100ms);
  scene.drain(5s);
  scene.pass(5100ms);
  CHECK(scene.told() == 2000);
  CHECK(scene.close_of(0).code() == proto::ws::CloseCode::going_away);
  CHECK(scene.close_of(1999).code() == proto::ws::CloseCode::service_restart);
}

TEST_CASE("FX12 pacer: one that is opened during a drain is told in its turn") {
  PacerScene scene(domain("a.test"));
  scene.open("a.test", 10);
  scene.drain(1s);
  scene.pass(500ms);
  scene.pacer.look_at(scene.open("a.test"));
  scene.pass(1500ms);
  CHECK(scene.told() == 11);
  // Later, too, when all others have been told.
  scene.pacer.look_at(scene.open("a.test"));
  scene.pass(1s);
  CHECK(scene.told() == 12);
}
