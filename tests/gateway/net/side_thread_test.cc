#include "gateway/net/side_thread.h"

#include <future>
#include <memory>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "tests/support/loop_stage.h"

using gateway::net::SideThread;
using tests::LoopStage;

TEST_CASE("side thread: errands run beside the loop, one after the other, and are answered on it") {
  LoopStage stage;
  SideThread side(stage.loop);
  std::string seen;
  std::thread::id ran;
  for (const char* name : {"a", "b", "c"}) {
    side.run([&ran, &seen, name] {
      ran = std::this_thread::get_id();
      return [&seen, name] { seen += name; };
    });
  }
  CHECK(stage.run_until([&] { return seen.size() == 3; }));
  CHECK(seen == "abc");
  CHECK(ran != std::this_thread::get_id());
}

TEST_CASE("side thread: the loop turns while an errand is held") {
  LoopStage stage;
  SideThread side(stage.loop);
  std::promise<void> held;
  bool done = false;
  side.run([&] {
    held.get_future().wait();
    return [&done] { done = true; };
  });
  int turns = 0;
  for (; turns < 10; ++turns) {
    bool turned = false;
    stage.loop.post([&turned] { turned = true; });
    REQUIRE(stage.run_until([&] { return turned; }));
  }
  CHECK_FALSE(done);
  held.set_value();
  CHECK(stage.run_until([&] { return done; }));
}

TEST_CASE("side thread: its end waits for what is under way and runs nothing of what waits") {
  LoopStage stage;
  std::string seen;
  std::promise<void> begun;
  std::promise<void> ending;
  auto side = std::make_unique<SideThread>(stage.loop);
  side->run([&] {
    begun.set_value();
    ending.get_future().wait();
    seen += "first ";
    return [&seen] { seen += "answered "; };
  });
  // The end begins with letting this one go.
  std::shared_ptr<void> waits(nullptr, [&ending](void*) { ending.set_value(); });
  side->run([&seen, held = waits]() -> SideThread::Done {
    seen += "second ";
    return nullptr;
  });
  begun.get_future().wait();
  waits.reset();
  side.reset();
  stage.settle();
  CHECK(seen == "first ");
}

TEST_CASE("side thread: what an errand holds ends on its thread") {
  LoopStage stage;
  SideThread side(stage.loop);
  std::thread::id ended;
  struct Tell {
    explicit Tell(std::thread::id& where) : where_(where) {}
    Tell(const Tell&) = delete;
    Tell& operator=(const Tell&) = delete;
    ~Tell() { where_ = std::this_thread::get_id(); }
    std::thread::id& where_;
  };
  bool done = false;
  side.run([held = std::make_shared<Tell>(ended), &done] { return [&done] { done = true; }; });
  CHECK(stage.run_until([&] { return done; }));
  CHECK(ended != std::this_thread::get_id());
}
