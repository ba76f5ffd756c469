#include "gateway/server/old_snapshots.h"

#include <atomic>
#include <future>
#include <thread>

#include <doctest/doctest.h>

using gateway::route::Snapshot;
using gateway::server::OldSnapshots;

namespace {

using std::chrono::milliseconds;

struct Stage {
  // A snapshot that tells on which thread it ends.
  std::shared_ptr<const Snapshot> made() {
    return {new Snapshot, [this](const Snapshot* snapshot) {
              delete snapshot;
              ended_on = std::this_thread::get_id();
              ++ended;
            }};
  }
  void look() {
    now += OldSnapshots::kLook + gateway::net::DeadlineWheel::kTick;
    loop.turn();
  }
  // Whatever the thread was given before has been done.
  void wait_for_disposal() {
    std::promise<void> done;
    disposal.run([&done]() -> gateway::net::SideThread::Done {
      done.set_value();
      return nullptr;
    });
    done.get_future().wait();
  }

  std::atomic<int> ended{0};
  std::atomic<std::thread::id> ended_on{};
  milliseconds now{1000};
  gateway::net::Loop loop{&now};
  gateway::net::SideThread disposal{loop};
  OldSnapshots old{loop, disposal};
};

}  // namespace

TEST_CASE("old snapshots: one that nobody needs ends beside the loop") {
  Stage stage;
  stage.old.add(stage.made());
  CHECK(stage.ended == 0);
  stage.look();
  CHECK(stage.old.size() == 0);
  stage.wait_for_disposal();
  CHECK(stage.ended == 1);
  CHECK(stage.ended_on.load() != std::this_thread::get_id());
}

TEST_CASE("old snapshots: one that a request stands on is kept until that is over") {
  Stage stage;
  std::shared_ptr<const Snapshot> request = stage.made();
  stage.old.add(request);
  stage.old.add(stage.made());
  stage.look();
  stage.wait_for_disposal();
  CHECK(stage.ended == 1);
  CHECK(stage.old.size() == 1);
  stage.look();
  CHECK(stage.old.size() == 1);
  request.reset();
  CHECK(stage.ended == 1);
  stage.look();
  stage.wait_for_disposal();
  CHECK(stage.ended == 2);
  CHECK(stage.old.size() == 0);
  stage.look();  // has nothing to do
  CHECK(stage.ended == 2);
}
