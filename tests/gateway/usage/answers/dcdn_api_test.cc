#include "gateway/usage/answers/dcdn_api.h"

#include <doctest/doctest.h>

#include "tests/gateway/usage/answers/made_rows.h"

using namespace tests;
using namespace gateway::usage;
using namespace gateway::usage::answers;

namespace {

constexpr int64_t kNow = kTen + 130;

struct Scene {
  Scene() {
    auto& first = rows.add("a.example", kTen);
    first[Field::client_bytes_out] = 423'304'182;
    first[Field::client_bytes_in] = 18;
    first.answers[0] = 3;
    first.answers[3] = 1;
    first.answers[18] = 4;
    question = question_of(kTen, kTen + 600);
    question.merged = true;
  }
  Series series() {
    auto answer = ask(rows, question);
    REQUIRE(answer.has_value());
    return answer->front();
  }

  MadeRows rows;
  Question question;
};

std::string fault_of(std::string_view query, std::chrono::seconds keep = {}) {
  const auto question = api_question(query, kNow, keep);
  return question ? "none" : question.error().code;
}

}  // namespace

TEST_CASE("dcdn api: the traffic of each slot, bytes as a float") {
  Scene scene;
  CHECK(traffic_answer(scene.series(), scene.question, "a.example",
                       "3C6CCEC4-6B88-4D4A-93E4-D47B3D92CF8F") ==
        R"({"RequestId":"3C6CCEC4-6B88-4D4A-93E4-D47B3D92CF8F","DomainName":"a.example",)"
        R"("StartTime":"2026-11-22T10:00:00Z","EndTime":"2026-11-22T10:10:00Z",)"
        R"("DataInterval":"300","TrafficDataPerInterval":{"DataModule":[)"
        R"({"TimeStamp":"2026-11-22T10:00:00Z","WebsocketTraffic":423304182.0},)"
        R"({"TimeStamp":"2026-11-22T10:05:00Z","WebsocketTraffic":0.0}]}})");
}

TEST_CASE("dcdn api: the bandwidth of each slot, of a longer one the highest") {
  Scene scene;
  scene.rows.add_bytes("a.example", kTen + 300, 300);
  CHECK(bps_answer(scene.series(), scene.question, "", "ID") ==
        R"({"RequestId":"ID","DomainName":"",)"
        R"("StartTime":"2026-11-22T10:00:00Z","EndTime":"2026-11-22T10:10:00Z",)"
        R"("DataInterval":"300","BpsDataPerInterval":{"DataModule":[)"
        R"({"TimeStamp":"2026-11-22T10:00:00Z","WebsocketBps":11288111.52},)"
        R"({"TimeStamp":"2026-11-22T10:05:00Z","WebsocketBps":8.0}]}})");
  scene.question.interval = 3600;
  scene.question.to = kTen + 3600;
  CHECK(bps_answer(scene.series(), scene.question, "", "ID")
            .find(R"("WebsocketBps":11288111.52}]})") != std::string::npos);
}

TEST_CASE("dcdn api: the codes of each slot; a slot without any is there with an empty list") {
  Scene scene;
  CHECK(http_codes_answer(scene.series(), scene.question, "a.example", "ID") ==
        R"({"RequestId":"ID","DomainName":"a.example",)"
        R"("StartTime":"2026-11-22T10:00:00Z","EndTime":"2026-11-22T10:10:00Z",)"
        R"("DataInterval":"300","HttpCodeDataPerInterval":{"DataModule":[)"
        R"({"TimeStamp":"2026-11-22T10:00:00Z","WebsocketHttpCode":{"HttpCodeDataModule":[)"
        R"({"Code":101,"Count":3,"Proportion":37.5},)"
        R"({"Code":401,"Count":1,"Proportion":12.5},)"
        R"({"Code":0,"Count":4,"Proportion":50.0}]}},)"
        R"({"TimeStamp":"2026-11-22T10:05:00Z","WebsocketHttpCode":{"HttpCodeDataModule":[]}}]}})");
}

TEST_CASE("dcdn api: traffic is that of the billed direction") {
  Scene scene;
  Tariffs tariffs;
  tariffs.domains["a.example"].direction = gateway::config::DomainUsage::Direction::both;
  scene.question.tariffs = &tariffs;
  CHECK(traffic_answer(scene.series(), scene.question, "", "").find("423304200.0") !=
        std::string::npos);
}

TEST_CASE("dcdn api: what is echoed is JSON, whatever was asked") {
  Scene scene;
  const std::string answer = traffic_answer(scene.series(), scene.question, "a\"\xff\n", "ID");
  CHECK(answer.find(R"("DomainName":"a\")"
                    "\xef\xbf\xbd"
                    R"(\n")") != std::string::npos);
}

TEST_CASE("dcdn api: without times, the last 24 hours with the slot that is going on") {
  const auto question = api_question("", kNow);
  REQUIRE(question.has_value());
  CHECK(question->merged);
  CHECK(question->domains.empty());
  CHECK(question->interval == 300);
  CHECK(question->to == kTen + 300);
  CHECK(question->from == kTen + 300 - 86'400);
  const auto hours = api_question("DomainName=&StartTime=&EndTime=&Interval=3600", kNow);
  CHECK(hours->interval == 3600);
  CHECK(hours->to == kTen + 3600);
  CHECK(hours->from == kTen + 3600 - 86'400);
}

TEST_CASE("dcdn api: domains are split at commas, times may be percent-encoded") {
  const auto question = api_question(
      "Action=DescribeDcdnDomainWebsocketTrafficData&DomainName=A.example%2Cb.example&"
      "StartTime=2026-11-22T08%3A00%3A00Z&EndTime=2026-11-22T10%3a00%3a00Z&Interval=300",
      kNow);
  REQUIRE(question.has_value());
  CHECK(question->domains == std::vector<std::string>{"a.example", "b.example"});
  CHECK(question->from == kTen - 7200);
  CHECK(question->to == kTen);
}

TEST_CASE("dcdn api: a range within slots is answered by whole ones, and said back as it was") {
  Scene scene;
  auto question = api_question(
      "StartTime=2026-11-22T10:01:07Z&EndTime=2026-11-22T10:07:00Z&Interval=300", kNow);
  REQUIRE(question.has_value());
  CHECK(question->from == kTen);
  CHECK(question->to == kTen + 600);
  scene.question = *question;
  CHECK(traffic_answer(scene.series(), scene.question, "", "")
            .find(R"("StartTime":"2026-11-22T10:01:07Z","EndTime":"2026-11-22T10:07:00Z")") !=
        std::string::npos);
}

TEST_CASE("dcdn api: an interval that is unknown, or too fine for the range, is the default") {
  struct Rule {
    const char* start;
    const char* wanted;
    int64_t interval;
  };
  const Rule rules[] = {
      {"2026-11-22T00:00:00Z", "300", 300},     {"2026-11-22T00:00:00Z", "3600", 3600},
      {"2026-11-22T00:00:00Z", "86400", 86400}, {"2026-11-22T00:00:00Z", "60", 300},
      {"2026-11-22T00:00:00Z", "x", 300},       {"2026-11-22T00:00:00Z", "", 300},
      {"2026-11-19T10:00:01Z", "300", 300},     {"2026-11-19T10:00:00Z", "300", 3600},
      {"2026-11-19T10:00:00Z", "", 3600},       {"2026-10-22T10:00:00Z", "300", 3600},
      {"2026-10-22T10:00:00Z", "86400", 86400}, {"2026-10-22T09:59:59Z", "3600", 86400},
      {"2025-11-21T10:00:00Z", "300", 86400}};
  for (const Rule& rule : rules) {
    CAPTURE(rule.start);
    CAPTURE(rule.wanted);
    const auto question = api_question(std::string("StartTime=") + rule.start +
                                           "&EndTime=2026-11-22T10:00:00Z&Interval=" + rule.wanted,
                                       kNow);
    REQUIRE(question.has_value());
    CHECK(question->interval == rule.interval);
    CHECK(question->from % rule.interval == 0);
    CHECK(question->to % rule.interval == 0);
  }
}

TEST_CASE("dcdn api: every fault has DCDN's code") {
  const std::string good = "2026-11-22T09:00:00Z";
  CHECK(fault_of("StartTime=" + good) == "MissingTimeParameter");
  CHECK(fault_of("EndTime=" + good) == "MissingTimeParameter");
  for (const char* wrong : {"2026-11-22", "2026-11-22T09:00Z", "2026-11-22T09:00:00", "x",
                            "2026-11-22+09:00:00Z", "2026-11-22T09:00:00z", "2026-13-22T09:00:00Z",
                            "2026-11-22T09:61:00Z", "%", "@1795341600"}) {
    CAPTURE(wrong);
    CHECK(fault_of(std::string("StartTime=") + wrong + "&EndTime=" + good) ==
          "InvalidStartTime.Malformed");
    CHECK(fault_of("StartTime=" + good + "&EndTime=" + wrong) == "InvalidEndTime.Malformed");
  }
  CHECK(fault_of("StartTime=" + good + "&EndTime=2026-11-22T08:59:59Z") ==
        "InvalidEndTime.Mismatch");
  CHECK(fault_of("StartTime=" + good + "&EndTime=" + good) == "InvalidEndTime.Mismatch");
  CHECK(fault_of("StartTime=2025-11-20T10:00:00Z&EndTime=2026-11-22T10:00:00Z") ==
        "InvalidStartTime.ValueNotSupported");
  const std::string old = "StartTime=2026-08-01T00:00:00Z&EndTime=2026-08-02T00:00:00Z";
  CHECK(fault_of(old) == "none");
  CHECK(fault_of(old, std::chrono::hours(24 * 93)) == "InvalidStartTime.ValueNotSupported");
  std::string many = "DomainName=";
  for (int i = 0; i < 501; ++i) many += "a,";
  CHECK(fault_of(many) == "InvalidDomainName.ValueNotSupported");
}

TEST_CASE("dcdn api: a fault is Code, Message and RequestId") {
  CHECK(fault_answer({"InvalidEndTime.Mismatch", "EndTime must be later than StartTime."}, "ID") ==
        R"({"Code":"InvalidEndTime.Mismatch","Message":"EndTime must be later than StartTime.",)"
        R"("RequestId":"ID"})");
}

TEST_CASE("dcdn api: parameters of a query string") {
  CHECK(query_parameter("a=1&b=2&b=3", "b") == "2");
  CHECK(query_parameter("a=1&b", "b").empty());
  CHECK(query_parameter("a%3D=x+y%20z", "a=") == "x y z");
  CHECK(query_parameter("a=%4&b=%zz&c=%", "a") == "%4");
  CHECK(query_parameter("a=%4&b=%zz&c=%", "b") == "%zz");
  CHECK(query_parameter("a=%4&b=%zz&c=%", "c") == "%");
  CHECK(query_parameter("&&=&a==b", "a") == "=b");
  CHECK(query_parameter("", "a").empty());
}
