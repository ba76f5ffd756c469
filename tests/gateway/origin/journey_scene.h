// A journey between two servers that the test plays, with a question of the test's own.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <doctest/doctest.h>

#include "gateway/origin/journey.h"
#include "gateway/origin/origin_paths.h"
#include "tests/support/building.h"
#include "tests/support/loop_stage.h"
#include "tests/support/waiting.h"

namespace tests {

using namespace std::chrono_literals;

namespace journeys {

using namespace gateway::origin;
using gateway::outcome::Cause;
using gateway::outcome::Retry;

inline constexpr std::string_view kRequest = "GET /room HTTP/1.1\r\nHost: chat.example.com\r\n\r\n";

// Takes what the test calls good, and remembers how it ended.
class PlainQuestion final : public gateway::origin::Question {
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
  bool may_be_repeated(Unanswered why) const override {
    return repeatable && why != Unanswered::no_answer;
  }
  bool may_be_asked_anew() const override { return anew; }
  bool is_held_against_server(Unanswered why) const override {
    last_unanswered = why;
    return held_against;
  }
  Cause cause_of(Unanswered) const override { return Cause::origin_bad_upgrade; }
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
  void on_asked(RequestSink& where) override { sink = &where; }
  void on_sink_drained() override { ++drains; }
  void on_asked_in_vain() override {
    ++in_vain;
    sink = nullptr;
  }
  void on_interim(const proto::http1::ResponseHead& head) override {
    interim += std::to_string(head.status) + " ";
  }
  void on_taken(Taken what) override {
    ++ends;
    status = what.head.status;
    address_asked = what.asked->host;
    stream = std::move(what.stream);
    stream->start(heard);
    rest = proto::text_of(what.rest);
    backend = what.backend;
    sticky = what.sticky.fields;
  }
  void on_answered(Answer what) override {
    ++ends;
    status = what.head.status;
    body = what.body;
    sticky = what.sticky_fields;
  }
  void on_failed(gateway::outcome::Failure what) override {
    ++ends;
    failure = std::move(what);
  }

  bool repeatable = true;
  bool anew = true;
  bool held_against = true;
  // From on_asked() on.
  void keep_time_itself() { patience_.answer.reset(); }

  RequestSink* sink = nullptr;
  int drains = 0;
  int in_vain = 0;
  std::string interim;
  std::string address_asked;
  mutable std::optional<Unanswered> last_unanswered;
  Verdict otherwise = Verdict::answered;
  int ends = 0;
  Recorder heard;
  std::unique_ptr<gateway::net::Stream> stream;
  std::string rest;
  gateway::route::Backend* backend = nullptr;
  int status = 0;
  std::string body;
  std::string sticky;
  std::optional<gateway::outcome::Failure> failure;

 private:
  proto::http1::RequestHead head_;
  proto::http1::Target target_;
  Asked asked_{.head = head_, .target = target_, .client = {}, .server = {}};
  Patience patience_;
};

// A pool of two servers, the second for when the first has failed.
struct JourneyScene {
  // `more`: lines of the domain's origin.
  explicit JourneyScene(const std::string& more = {}) {
    snapshot = building.snapshot(
        "  - domain: chat.example.com\n    websocket: { enabled: true }\n    origin:\n"
        "      protocol: http\n      max_redirects: 0\n      retries: { budget: 100% }\n"
        "      servers: [{ address: \"" +
        first.address().to_string() + "\" }, { address: \"" + second.address().to_string() +
        "\", priority: 30 }]\n" + more);
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

}  // namespace journeys

}  // namespace tests
