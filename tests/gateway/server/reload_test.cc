#include "gateway/server/reload.h"

#include <future>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/loop_stage.h"

using namespace tests;
using gateway::net::SideThread;
using gateway::server::Candidate;
using gateway::server::Reload;

namespace {

// Builds are numbered as they are begun; each waits until it is let go, where they are held.
struct ReloadScene {
  std::function<Candidate()> plan() {
    ++planned;
    std::shared_future<void> gate =
        held ? release.get_future().share() : std::shared_future<void>();
    return [number = planned, gate] {
      if (gate.valid()) gate.wait();
      Candidate candidate;
      candidate.parsed = number;
      return candidate;
    };
  }
  Reload::Outcome carry_out(const Candidate& candidate) {
    carried.push_back(candidate.parsed);
    return {.done = true, .text = std::to_string(candidate.parsed)};
  }
  void ask(const std::string& who) {
    reload->ask([this, who](const Reload::Outcome& outcome) {
      told += who + (outcome.done ? "+" : "-") + outcome.text + ' ';
    });
  }
  void let_go() {
    std::promise<void> gate = std::exchange(release, {});
    gate.set_value();
  }

  LoopStage stage;
  bool held = false;
  std::promise<void> release;
  size_t planned = 0;
  std::vector<size_t> carried;
  std::string told;
  SideThread builder{stage.loop};
  std::unique_ptr<Reload> reload = std::make_unique<Reload>(
      stage.loop, builder,
      Reload::Steps{.plan = [this] { return plan(); },
                    .carry_out = [this](const Candidate& one) { return carry_out(one); }});
};

}  // namespace

TEST_CASE("reload: what is asked for is built beside the loop and brought into force on it") {
  ReloadScene scene;
  scene.ask("a");
  CHECK(scene.told.empty());
  CHECK(scene.stage.run_until([&] { return !scene.told.empty(); }));
  scene.reload->ask({});  // a signal waits for no answer
  CHECK(scene.stage.run_until([&] { return scene.carried.size() == 2; }));
  CHECK(scene.told == "a+1 ");
}

TEST_CASE("reload: all who ask while one is built share the next one, which reads the files anew") {
  ReloadScene scene;
  scene.held = true;
  scene.ask("a");
  scene.ask("b");
  scene.reload->ask({});
  scene.ask("c");
  CHECK(scene.planned == 1);
  scene.held = false;
  scene.let_go();
  CHECK(scene.stage.run_until([&] { return scene.carried.size() == 2; }));
  CHECK(scene.told == "a+1 b+2 c+2 ");
  scene.stage.settle();
  CHECK(scene.planned == 2);
}

TEST_CASE("reload: a drain is not held up by a build, and nothing is brought into force any more") {
  ReloadScene scene;
  scene.held = true;
  scene.ask("a");
  scene.ask("b");
  scene.reload->stop("draining");
  CHECK(scene.told == "a-not reloaded: draining\n b-not reloaded: draining\n ");
  scene.ask("c");
  CHECK(scene.told.ends_with("c-not reloaded: draining\n "));
  scene.let_go();
  scene.stage.settle();
  CHECK(scene.carried.empty());
  CHECK(scene.planned == 1);
}

TEST_CASE("reload: who asks from an answer is answered") {
  ReloadScene scene;
  scene.reload->ask([&](const Reload::Outcome&) { scene.ask("again"); });
  CHECK(scene.stage.run_until([&] { return !scene.told.empty(); }));
  CHECK(scene.told == "again+2 ");
}

TEST_CASE("reload: one that takes long goes on, however often that is told") {
  ReloadScene scene;
  scene.held = true;
  scene.ask("a");
  for (int i = 0; i < 3; ++i) scene.stage.pass(Reload::kSlow);
  scene.let_go();
  CHECK(scene.stage.run_until([&] { return !scene.told.empty(); }));
  CHECK(scene.told == "a+1 ");
}
