#include "gateway/server/scrape.h"

#include <future>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/loop_stage.h"

using namespace tests;
using gateway::server::Scrape;

TEST_CASE("scrape: the text is written beside the loop, once for all who have asked before") {
  LoopStage stage;
  int collected = 0;
  std::string told;
  std::promise<void> release;
  const std::shared_future<void> gate = release.get_future().share();
  Scrape scrape(stage.loop, [&]() -> Scrape::Text {
    return [number = ++collected, gate] {
      if (number == 1) gate.wait();
      return std::to_string(number);
    };
  });
  const auto ask = [&](const std::string& who) {
    scrape.ask([&told, who](const std::string& text) { told += who + text + ' '; });
  };
  ask("a");
  ask("b");
  ask("c");
  CHECK(collected == 1);
  stage.settle();  // the loop turns meanwhile
  CHECK(told.empty());
  release.set_value();
  CHECK(stage.run_until([&] { return told.size() == 9; }));
  CHECK(told == "a1 b2 c2 ");
  CHECK(collected == 2);
}
