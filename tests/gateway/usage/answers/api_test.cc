#include "gateway/usage/answers/api.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/gateway/usage/answers/made_rows.h"

using namespace tests;
using namespace gateway::usage;
using namespace gateway::usage::answers;
using Json = nlohmann::json;

namespace {

struct ApiScene {
  ApiScene() {
    rows.add_bytes("a.example", kTen, 300, 30);
    rows.add_bytes("b.example", kTen, 3000, 33);
    tariffs.domains["a.example"].direction = gateway::config::DomainUsage::Direction::both;
    tariffs.domains["b.example"] = {};
    tariffs.labels["alias.example"] = "a.example";
  }
  ApiAnswer get(std::string_view path, std::string_view query = {}) {
    ApiCall call;
    call.path = path;
    call.query = query;
    call.node = "n1";
    call.now = kTen + 60;
    call.tariffs = tariffs_known ? &tariffs : nullptr;
    call.give_up = give_up;
    return answer(rows, call);
  }
  Json json(std::string_view path, std::string_view query = {}) {
    const ApiAnswer given = get(path, query);
    CHECK(given.status == 200);
    return Json::parse(given.body);
  }

  MadeRows rows;
  Tariffs tariffs;
  bool tariffs_known = true;
  std::function<bool()> give_up = {};
};

constexpr const char* kRange = "&StartTime=2026-11-22T10:00:00Z&EndTime=2026-11-22T10:05:00Z";

}  // namespace

TEST_CASE("usage api: the three calls answer for the domains that were asked, merged") {
  ApiScene scene;
  const Json both = scene.json("/usage/websocket/traffic",
                               std::string("DomainName=a.example,b.example") + kRange);
  CHECK(both["DomainName"] == "a.example,b.example");
  CHECK(both["TrafficDataPerInterval"]["DataModule"] ==
        Json::parse(R"([{"TimeStamp":"2026-11-22T10:00:00Z","WebsocketTraffic":3330.0}])"));
  const Json alias =
      scene.json("/usage/websocket/bps", std::string("DomainName=Alias.example") + kRange);
  CHECK(alias["DomainName"] == "Alias.example");
  CHECK(alias["BpsDataPerInterval"]["DataModule"][0]["WebsocketBps"] == 8.8);
  const Json codes = scene.json("/usage/websocket/http-codes", kRange);
  CHECK(codes["DomainName"] == "");
  CHECK(codes["HttpCodeDataPerInterval"]["DataModule"][0]["WebsocketHttpCode"]
             ["HttpCodeDataModule"] == Json::array());
}

TEST_CASE("usage api: each answer has a request id of its own, written as DCDN does") {
  ApiScene scene;
  const std::string first = scene.json("/usage/websocket/traffic")["RequestId"];
  const std::string second = scene.json("/usage/websocket/traffic")["RequestId"];
  CHECK(first != second);
  REQUIRE(first.size() == 36);
  for (size_t i = 0; i < first.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    CHECK((dash ? first[i] == '-'
                : (first[i] >= '0' && first[i] <= '9') || (first[i] >= 'A' && first[i] <= 'F')));
  }
}

TEST_CASE("usage api: faults are 400, unknown calls 404, and what the rows cannot say 500 or 503") {
  ApiScene scene;
  ApiAnswer given = scene.get("/usage/websocket/traffic", "StartTime=2026-11-22T10:00:00Z");
  CHECK(given.status == 400);
  CHECK(Json::parse(given.body)["Code"] == "MissingTimeParameter");
  for (const char* path : {"/usage/", "/usage/websocket", "/usage/websocket/traffic/"})
    CHECK(scene.get(path).status == 404);
  scene.rows.trouble = "disk I/O error";
  given = scene.get("/usage/websocket/bps");
  CHECK(given.status == 500);
  CHECK(Json::parse(given.body)["Code"] == "InternalError");
  CHECK(scene.get("/usage").status == 500);
  scene.give_up = [] { return true; };
  CHECK(scene.get("/usage/websocket/bps").status == 503);
  CHECK(scene.get("/usage").status == 503);
}

TEST_CASE("usage api: a long answer is given up while it is written") {
  ApiScene scene;
  for (size_t i = 0; i < 3 * kLookUp; ++i) scene.rows.add_bytes("d" + std::to_string(i), kTen, 1);
  int asked = 0;
  scene.give_up = [&asked] {
    ++asked;
    return false;
  };
  CHECK(scene.get("/usage").status == 200);
  const int all = asked;
  scene.give_up = [&asked, all] { return ++asked >= 2 * all; };
  CHECK(scene.get("/usage").status == 503);
}

TEST_CASE("usage api: /usage is where every domain stands today, with its budget") {
  ApiScene scene;
  auto& budget = scene.tariffs.domains["a.example"].budget;
  budget.traffic = 1000;
  scene.tariffs.domains["quiet.example"].budget.messages = 10;
  scene.rows.add_bytes("a.example", kTen - 5 * 86'400, 700);
  const Json json = scene.json("/usage");
  CHECK(json["node"] == "n1");
  CHECK(json["from"] == "2026-11-22T00:00:00Z");
  REQUIRE(json["domains"].size() == 3);
  const Json& first = json["domains"][0];
  CHECK(first["domain"] == "a.example");
  CHECK(first["client_bytes_out"] == 300);
  CHECK(first["billable_bytes"] == 330);
  CHECK(first["budget"]["period"] == "month");
  CHECK(first["budget"]["standing"] == "hard");
  CHECK(first["budget"]["used_percent"] == doctest::Approx(103));
  CHECK(first["budget"]["from"] == "2026-11-01T00:00:00Z");
  CHECK_FALSE(json["domains"][1].contains("budget"));
  CHECK(json["domains"][2]["domain"] == "quiet.example");
  CHECK(json["domains"][2]["budget"]["standing"] == "within");
}

TEST_CASE("usage api: /usage without a configuration has the domains of the ledger") {
  ApiScene scene;
  scene.tariffs_known = false;
  const Json json = scene.json("/usage");
  REQUIRE(json["domains"].size() == 2);
  CHECK(json["domains"][1]["billable_bytes"] == 3000);
}

TEST_CASE("FY23 usage api: a domain that is nowhere is told from one without traffic") {
  ApiScene scene;
  scene.tariffs.domains["quiet.example"] = {};
  scene.rows.add_bytes("removed.example", kTen - 30 * 86'400, 5);
  for (const char* name : {"quiet.example", "removed.example", "_unmatched", "a.example"}) {
    for (const char* call : {"traffic", "bps", "http-codes"}) {
      const ApiAnswer given =
          scene.get(std::string("/usage/websocket/") + call, "DomainName=" + std::string(name));
      CHECK(given.status == 200);
    }
  }
  ApiAnswer given = scene.get("/usage/websocket/traffic", "DomainName=a.example,nowhere.example");
  CHECK(given.status == 404);
  const Json json = Json::parse(given.body);
  CHECK(json["Code"] == "InvalidDomain.NotFound");
  CHECK(json["Message"] == "There is no domain nowhere.example here, and no usage of one.");
  scene.tariffs_known = false;
  CHECK(scene.get("/usage/websocket/bps", "DomainName=a.example").status == 200);
  CHECK(scene.get("/usage/websocket/bps", "DomainName=quiet.example").status == 404);
}
