#include "gateway/origin/journey.h"

#include <memory>
#include <optional>
#include <string>

#include <doctest/doctest.h>

#include "gateway/origin/origin_paths.h"
#include "tests/support/building.h"
#include "tests/support/loop_stage.h"
#include "tests/support/waiting.h"

using namespace tests;
using namespace std::chrono_literals;
using namespace gateway::origin;
using gateway::outcome::Cause;
using gateway::outcome::Retry;

namespace {

constexpr std::string_view kRequest = "GET /room HTTP/1.1\r\nHost: chat.example.com\r\n\r\n";

// Takes what the test calls good, and remembers how it ended.
class PlainQuestion final : public Question {
 public:
  explicit PlainQuestion(std::chrono::milliseconds now)
      : patience_{.until = now + 9s, .answer = 9s, .body = 1s} {
    proto::http1::RequestParser parser({});
    REQUIRE(parser.feed(proto::bytes_of(kRequest)).progress == proto::http1::Progress::complete);
    head_ = parser.take();
    target_ = *proto::http1::request_target(head_);
  }

  const Asked& asked() const override { return asked_; }
  std::string_view method() const override { return "GET"; }
  bool may_be_repeated() const override { return repeatable; }
  const Patience& patience() const override { return patience_; }
  std::string_view why_late(Late) const override { return "late"; }
  std::string request_text(const Asking& asking) override {
    return "GET " + std::string(asking.path_and_query) +
           " HTTP/1.1\r\nHost: " + std::string(asking.host) + "\r\n\r\n";
  }
  proto::Result<Verdict, std::string> judge(const proto::http1::ResponseHead& head) override {
    if (head.status == 400) return proto::Unexpected{std::string("no answer at all")};
    return head.status == 200 ? Verdict::taken : otherwise;
  }
  void on_taken(Taken what) override {
    ++ends;
    stream = std::move(what.stream);
    stream->start(heard);
    rest = proto::text_of(what.rest);
    backend = what.backend;
  }
  void on_answered(Answer what) override {
    ++ends;
    status = what.head.status;
    body = what.body;
  }
  void on_failed(gateway::outcome::Failure what) override {
    ++ends;
    failure = std::move(what);
  }

  bool repeatable = true;
  Verdict otherwise = Verdict::answered;
  int ends = 0;
  Recorder heard;
  std::unique_ptr<gateway::net::Stream> stream;
  std::string rest;
  gateway::route::Backend* backend = nullptr;
  int status = 0;
  std::string body;
  std::optional<gateway::outcome::Failure> failure;

 private:
  proto::http1::RequestHead head_;
  proto::http1::Target target_;
  Asked asked_{.head = head_, .target = target_, .client = {}, .server = {}};
  Patience patience_;
};

// A pool of two servers, the second for when the first has failed.
struct JourneyScene {
  JourneyScene() {
    snapshot = building.snapshot(
        "  - domain: chat.example.com\n    websocket: { enabled: true }\n    origin:\n"
        "      protocol: http\n      max_redirects: 0\n      retries: { budget: 100% }\n"
        "      servers: [{ address: \"" +
        first.address().to_string() + "\" }, { address: \"" + second.address().to_string() +
        "\", priority: 30 }]\n");
    journey = std::make_unique<Journey>(
        WorkerContext{.loop = stage.loop,
                      .resolver = resolver,
                      .pools = pools,
                      .authenticator = authenticator,
                      .paths = paths},
        Journey::Aim{*snapshot->domains.front(), *snapshot->pools.front()}, question);
  }
  // The origin's end of the connection by which it was asked.
  RawPeer asked(const RawListener& at) {
    REQUIRE(stage.run_until([&] { return readable(at.fd()); }));
    RawPeer peer(at.accept());
    REQUIRE(stage.run_until([&] {
      peer.read();
      return peer.received.find("\r\n\r\n") != std::string::npos;
    }));
    return peer;
  }
  RawPeer start() {
    journey->start();
    return asked(first);
  }
  bool ended() {
    return stage.run_until([&] { return question.ends > 0; }) && question.ends == 1;
  }
  gateway::route::Backend& backend(size_t i) {
    return *snapshot->pools.front()->servers[i].backend;
  }

  LoopStage stage;
  RawListener first;
  RawListener second;
  gateway::net::dns::Resolver resolver{stage.loop};
  OriginPaths paths{stage.loop, resolver};
  PoolStates pools{1};
  Authenticator authenticator;
  Building building;
  std::shared_ptr<const gateway::route::Snapshot> snapshot;
  PlainQuestion question{stage.loop.now()};
  std::unique_ptr<Journey> journey;
};

}  // namespace

TEST_CASE("journey: what the question takes is its own, with what came behind the head") {
  JourneyScene scene;
  RawPeer origin = scene.start();
  CHECK(origin.received == kRequest);
  CHECK(scene.backend(0).attempts == 1);
  origin.send("HTTP/1.1 200 OK\r\n\r\nstreamed");
  REQUIRE(scene.ended());
  CHECK(scene.question.stream != nullptr);
  CHECK(scene.question.rest == "streamed");
  CHECK(scene.question.backend == &scene.backend(0));
  const Trail& trail = scene.journey->trail();
  CHECK(trail.was_asked);
  CHECK(trail.address == scene.first.address());
  CHECK(trail.moved.out == kRequest.size());
  CHECK(trail.moved.in == std::string("HTTP/1.1 200 OK\r\n\r\n").size());
}

TEST_CASE("journey: a request that was not answered goes elsewhere only if it may be repeated") {
  for (const bool repeatable : {true, false}) {
    CAPTURE(repeatable);
    JourneyScene scene;
    scene.question.repeatable = repeatable;
    scene.start().close();
    if (repeatable) {
      scene.asked(scene.second).send("HTTP/1.1 200 OK\r\n\r\n");
      REQUIRE(scene.ended());
      CHECK(scene.question.backend == &scene.backend(1));
      CHECK(scene.journey->trail().retries == 1);
    } else {
      REQUIRE(scene.ended());
      REQUIRE(scene.question.failure);
      CHECK(scene.question.failure->retry == Retry::no);
      CHECK_FALSE(readable(scene.second.fd()));
    }
    CHECK(scene.backend(0).failures_in_a_row == 1);
  }
}

TEST_CASE("journey: it is the question that says what a status means") {
  for (const Verdict verdict : {Verdict::answered, Verdict::failing}) {
    JourneyScene scene;
    scene.question.otherwise = verdict;
    RawPeer origin = scene.start();
    origin.send("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy");
    if (verdict == Verdict::failing) {
      scene.asked(scene.second).send("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nsame");
      REQUIRE(scene.ended());
      CHECK(scene.question.body == "same");
      CHECK(scene.backend(0).failures_in_a_row == 1);
    } else {
      REQUIRE(scene.ended());
      CHECK(scene.question.body == "busy");
      CHECK(scene.backend(0).failures_in_a_row == 0);
    }
    CHECK(scene.question.status == 503);
  }
}

TEST_CASE("journey: an answer that is none for the question is asked of nobody else") {
  JourneyScene scene;
  RawPeer origin = scene.start();
  origin.send("HTTP/1.1 400 No\r\n\r\n");
  REQUIRE(scene.ended());
  REQUIRE(scene.question.failure);
  CHECK(scene.question.failure->why == "no answer at all");
  CHECK(scene.question.failure->cause == Cause::origin_bad_upgrade);
  CHECK(scene.question.failure->retry == Retry::no);
}

TEST_CASE("journey: whoever gives up on the way holds nothing against the server") {
  JourneyScene scene;
  const RawPeer origin = scene.start();
  scene.journey.reset();
  CHECK(scene.question.ends == 0);
  CHECK(scene.backend(0).attempts == 0);
  CHECK(scene.backend(0).failures_in_a_row == 0);
}
