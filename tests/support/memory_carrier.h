// A carrier without a protocol: it keeps what a request is answered with. Its connection outlives
// the request, as one of HTTP/2 does.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "gateway/edge/handshake.h"
#include "proto/http1/head_parser.h"
#include "tests/support/handshakes.h"
#include "tests/support/memory_stream.h"
#include "tests/support/worker_scene.h"

namespace tests {

class MemoryCarrier final : public gateway::edge::Answerer {
 public:
  static constexpr size_t kSwitchSize = 100;  // bytes of a 101, as the outcome is told

  // `client`: the far end of the session's stream. Both outlive it.
  MemoryCarrier(WorkerScene& scene, Peer& client)
      : scene_(scene),
        client_(client),
        facts{.entrance = scene.entrance,
              .address = *gateway::net::Address::parse("203.0.113.7", 40'000),
              .proxy = std::nullopt,
              .server = *gateway::net::Address::parse("192.0.2.1", 443),
              .accepted = scene.stage.loop.now()} {}

  // A request as HTTP/1.1 would write it.
  void ask(const std::string& head) {
    proto::http1::RequestParser parser({});
    REQUIRE(parser.feed(proto::bytes_of(head)).progress == proto::http1::Progress::complete);
    request.emplace(gateway::edge::Request{
        .client = facts, .snapshot = scene_.context.snapshot, .began = facts.accepted});
    request->head = parser.take();
    request->head_size = head.size();
    outcome.emplace(scene_.context, *request);
    handshake.emplace(scene_.context, *request, *this, *outcome);
    handshake->start();
  }
  std::string header(std::string_view name) const {
    return field_of("\r\n" + fields + "\r\n", name);
  }

  // What the answer was.
  int answers = 0;
  int status = 0;
  std::string fields;
  std::string body;
  proto::ws::UpgradeAnswer agreed;

  std::string early;  // what the client has said by the time of a 101

  // What an exchange has done.
  bool body_accepted = false;
  bool body_paused = false;
  std::vector<int> interim;
  gateway::exchange::ClientSide::Body framing;
  enum class End { none, kept, closed, cut };
  End end = End::none;

  // What the client does: takes nothing until it is false again, and is told so by the test.
  bool full = false;

 private:
  void answer(int code, std::string_view given, std::string_view text) override {
    ++answers;
    status = code;
    fields = given;
    body = text;
    outcome->answered(code, given.size(), text.size());
    outcome->moved_client({.in = request->head_size, .out = given.size() + text.size()});
    outcome->over();
  }
  Switched switch_over(const proto::ws::UpgradeAnswer& given, std::string_view more) override {
    ++answers;
    status = 101;
    fields = more;
    agreed = given;
    outcome->switched(given, kSwitchSize);
    return {.stream = client_.connect(), .early = early, .pass = {}};
  }
  void accept_body() override { body_accepted = true; }
  void pause_body() override { body_paused = true; }
  void resume_body() override { body_paused = false; }
  void give_interim(int code, std::string_view) override { interim.push_back(code); }
  void begin_answer(int code, std::string_view given, const Body& announced) override {
    ++answers;
    status = code;
    fields = given;
    framing = announced;
    outcome->answering(code, given, given.size());
  }
  void give_body(proto::Bytes octets) override { body += proto::text_of(octets); }
  bool congested() const override { return full; }
  size_t queued() const override { return full ? body.size() : 0; }
  void finish_answer(bool keep) override { end = keep ? End::kept : End::closed; }
  void cut_answer() override { end = End::cut; }

  WorkerScene& scene_;
  Peer& client_;

 public:
  gateway::edge::ClientFacts facts;
  std::optional<gateway::edge::Request> request;
  std::optional<gateway::edge::Outcome> outcome;
  std::optional<gateway::edge::Handshake> handshake;
};

}  // namespace tests
