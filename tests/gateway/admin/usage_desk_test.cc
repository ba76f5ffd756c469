#include "gateway/admin/usage_desk.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "gateway/usage/ledger/ledger.h"
#include "tests/support/folder.h"
#include "tests/support/loop_stage.h"

using namespace tests;
using namespace std::chrono_literals;
using gateway::admin::UsageAnswer;
using gateway::admin::UsageDesk;
using Json = nlohmann::json;

namespace usage = gateway::usage;

namespace {

constexpr int64_t kTen = 1'795'341'600;  // 2026-11-22T10:00:00Z

struct DeskScene {
  DeskScene() {
    plan = {.node = "n1",
            .ledger_path = usage::ledger::file_path(folder.path()),
            .keep = std::chrono::hours(24 * 93),
            .wall = [] { return std::chrono::milliseconds((kTen + 60) * 1000); }};
  }
  void write(uint64_t bytes) {
    auto ledger = usage::ledger::Ledger::open(plan.ledger_path);
    REQUIRE(ledger.has_value());
    usage::Row row;
    row.key = {"n1", "b1", "a.example", kTen, 0};
    row.totals[usage::Field::client_bytes_out] = bytes;
    REQUIRE_FALSE(
        ledger->write({.rows = {&row, 1}, .node = "n1", .boot = "b1", .records = {}}).has_value());
  }
  void ask(std::string path, std::string query = {}) {
    desk->ask(std::move(path), std::move(query),
              [this](UsageAnswer answer) { answers.push_back(std::move(answer)); });
  }
  UsageAnswer answer(std::string path, std::string query = {}) {
    answers.clear();
    ask(std::move(path), std::move(query));
    CHECK(answers.empty());
    REQUIRE(stage.run_until([this] { return !answers.empty(); }));
    return answers.front();
  }

  Folder folder;
  UsageDesk::Plan plan;
  LoopStage stage;
  std::vector<UsageAnswer> answers;
  std::unique_ptr<UsageDesk> desk;
};

}  // namespace

TEST_CASE("usage desk: reads the ledger as it is now, while it is written") {
  DeskScene scene;
  scene.desk = std::make_unique<UsageDesk>(scene.stage.loop, scene.plan);
  for (const uint64_t bytes : {uint64_t{100}, uint64_t{250}}) {
    scene.write(bytes);
    const UsageAnswer answer = scene.answer("/usage/websocket/traffic", "DomainName=a.example");
    CHECK(answer.status == 200);
    CHECK(answer.type == "application/json");
    const Json modules = Json::parse(answer.body)["TrafficDataPerInterval"]["DataModule"];
    REQUIRE(modules.size() == 288);
    CHECK(modules.back()["TimeStamp"] == "2026-11-22T10:00:00Z");
    CHECK(modules.back()["WebsocketTraffic"] == static_cast<double>(bytes));
  }
}

TEST_CASE("usage desk: knows what is configured, from the next answer on") {
  DeskScene scene;
  scene.write(100);
  scene.desk = std::make_unique<UsageDesk>(scene.stage.loop, scene.plan);
  CHECK_FALSE(Json::parse(scene.answer("/usage").body)["domains"][0].contains("budget"));
  auto tariffs = std::make_shared<usage::answers::Tariffs>();
  tariffs->domains["a.example"].budget.traffic = 100;
  scene.desk->use(tariffs);
  CHECK(Json::parse(scene.answer("/usage").body)["domains"][0]["budget"]["standing"] == "hard");
}

TEST_CASE("usage desk: what the ledger no longer keeps cannot be asked for") {
  DeskScene scene;
  scene.write(100);
  scene.plan.keep = 24h;
  scene.desk = std::make_unique<UsageDesk>(scene.stage.loop, scene.plan);
  const UsageAnswer gone = scene.answer(
      "/usage/websocket/bps", "StartTime=2026-11-20T00:00:00Z&EndTime=2026-11-21T00:00:00Z");
  CHECK(gone.status == 400);
  CHECK(Json::parse(gone.body)["Code"] == "InvalidStartTime.ValueNotSupported");
}

TEST_CASE("usage desk: without a ledger the answer is 503, and good again when there is one") {
  DeskScene scene;
  scene.desk = std::make_unique<UsageDesk>(scene.stage.loop, scene.plan);
  const UsageAnswer none = scene.answer("/usage");
  CHECK(none.status == 503);
  CHECK(Json::parse(none.body)["Code"] == "ServiceUnavailable");
  scene.write(1);
  CHECK(scene.answer("/usage").status == 200);
}

TEST_CASE("usage desk: beyond sixteen that wait, who asks is told so at once") {
  DeskScene scene;
  scene.write(1);
  scene.desk = std::make_unique<UsageDesk>(scene.stage.loop, scene.plan);
  constexpr size_t kAsked = 400;
  for (size_t i = 0; i < kAsked; ++i) scene.ask("/usage");
  CHECK(scene.answers.empty());
  REQUIRE(scene.stage.run_until([&] { return scene.answers.size() == kAsked; }));
  size_t answered = 0;
  for (const UsageAnswer& answer : scene.answers) {
    CHECK((answer.status == 200 || answer.status == 503));
    answered += answer.status == 200 ? 1 : 0;
  }
  CHECK(answered >= UsageDesk::kMostWaiting);
  CHECK(answered < kAsked);
}

TEST_CASE("usage desk: ends with questions open, and answers none of them later") {
  DeskScene scene;
  scene.write(1);
  scene.desk = std::make_unique<UsageDesk>(scene.stage.loop, scene.plan);
  for (size_t i = 0; i < UsageDesk::kMostWaiting; ++i) scene.ask("/usage");
  scene.desk.reset();
  scene.stage.settle();
  const size_t answered = scene.answers.size();
  scene.stage.settle();
  CHECK(scene.answers.size() == answered);
}
