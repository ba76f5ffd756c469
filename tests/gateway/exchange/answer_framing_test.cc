#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "gateway/exchange/exchange.h"
#include "tests/support/exchange_scene.h"

using namespace tests;
using gateway::outcome::Cause;
using End = MemoryClient::End;
using Kind = gateway::exchange::ClientSide::Body::Kind;

namespace {

struct Framed {
  const char* name;
  std::string method;
  std::string wire;  // one whole answer
  std::string body;
  Kind kind;
  std::optional<uint64_t> length = std::nullopt;
};

const std::vector<Framed>& by_own_end() {
  static const std::vector<Framed> kAnswers = {
      {"by length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello",
       Kind::length, 5},
      {"in chunks", "GET",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nA: "
       "b\r\n"
       "\r\n",
       "hello", Kind::unknown},
      {"of HTTP/1.0 by length", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello",
       Kind::length, 5}};
  return kAnswers;
}

const std::vector<Framed>& without_body() {
  static const std::vector<Framed> kAnswers = {
      {"HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "", Kind::none, 5},
      {"HEAD of chunks", "HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "",
       Kind::none},
      {"204 with a length", "GET", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", "",
       Kind::none},
      {"304 with a length", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "",
       Kind::none, 5},
      {"of no length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", Kind::length, 0}};
  return kAnswers;
}

constexpr std::string_view kUntilClose = "HTTP/1.0 200 OK\r\nX-A: b\r\n\r\nhello";

void feed(ExchangeScene& scene, Peer& origin, std::string_view wire, size_t cut) {
  scene.say(origin, wire.substr(0, cut));
  if (cut < wire.size() && scene.ends() == 0) scene.say(origin, wire.substr(cut));
}

void check_whole(const ExchangeScene& scene, const Framed& answer) {
  CHECK(scene.client.begun == 1);
  CHECK(scene.client.framing.kind == answer.kind);
  CHECK(scene.client.framing.length == answer.length);
  CHECK(scene.client.body == answer.body);
  CHECK(scene.client.end == End::kept);
  CHECK_FALSE(scene.failure);
}

}  // namespace

TEST_CASE("E3: an answer with an end of its own is whole, wherever the network cuts it") {
  for (const auto* table : {&by_own_end(), &without_body()}) {
    for (const Framed& answer : *table) {
      for (size_t cut = 1; cut <= answer.wire.size(); ++cut) {
        CAPTURE(answer.name);
        CAPTURE(cut);
        ExchangeScene scene;
        Peer& origin = scene.ask(plain_request(answer.method));
        feed(scene, origin, answer.wire, cut);
        REQUIRE(scene.overs == 1);
        check_whole(scene, answer);
      }
    }
  }
}

TEST_CASE("E3: an origin that ends within its answer is refused at the head, and cut in the body") {
  for (const bool reset : {false, true}) {
    for (const Framed& answer : by_own_end()) {
      const size_t head = answer.wire.find("\r\n\r\n") + 4;
      for (size_t cut = 1; cut < answer.wire.size(); ++cut) {
        CAPTURE(answer.name);
        CAPTURE(cut);
        CAPTURE(reset);
        ExchangeScene scene;
        Peer& origin = scene.ask(plain_request("GET"));
        scene.say(origin, answer.wire.substr(0, cut));
        reset ? origin.fail() : origin.end();
        REQUIRE(scene.ends() == 1);
        REQUIRE(scene.failure);
        if (cut < head) {
          CHECK(scene.refusals == 1);
          CHECK(scene.failure->status == 502);
          CHECK(scene.client.begun == 0);
        } else {
          CHECK(scene.failure->cause == Cause::origin_abort);
          CHECK(scene.client.end == End::cut);
          CHECK(answer.body.starts_with(scene.client.body));
        }
        CHECK(scene.resting() == 0);
        CHECK_FALSE(origin.connected());
      }
    }
  }
}

TEST_CASE(
    "E3: in the middle of a head an end is a bad response, and no more than a byte is enough") {
  ExchangeScene scene;
  Peer& origin = scene.ask(plain_request("GET"));
  scene.say(origin, "H");
  origin.end();
  REQUIRE(scene.refusals == 1);
  CHECK(scene.failure->cause == Cause::origin_bad_response);
}

TEST_CASE("E3: a body until the end of the connection is whole with that, and cut by a reset") {
  for (const bool reset : {false, true}) {
    for (size_t cut = kUntilClose.size() - 5; cut <= kUntilClose.size(); ++cut) {
      CAPTURE(reset);
      ExchangeScene scene;
      Peer& origin = scene.ask(plain_request("GET"));
      feed(scene, origin, kUntilClose, cut);
      CHECK(scene.client.end == End::none);
      CHECK(scene.client.framing.kind == Kind::unknown);
      reset ? origin.fail() : origin.end();
      CHECK(scene.client.body == "hello");
      CHECK(scene.client.end == (reset ? End::cut : End::kept));
      CHECK(scene.failure.has_value() == reset);
      CHECK(scene.resting() == 0);
    }
  }
}

TEST_CASE("E3: a broken chunk is a cut, behind what was good of it") {
  ExchangeScene scene;
  Peer& origin = scene.ask(plain_request("GET"));
  scene.say(origin, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\nxyz");
  CHECK(scene.client.body == "he");
  CHECK(scene.client.end == End::cut);
  REQUIRE(scene.failure);
  CHECK(scene.failure->cause == Cause::origin_abort);
  CHECK(scene.failure->why.find("a chunk without a size") != std::string::npos);
}

TEST_CASE("E3: an answer that is no HTTP is a 502") {
  for (const char* wire : {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
                           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
                           "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n"
                           "\r\n"}) {
    CAPTURE(wire);
    ExchangeScene scene;
    Peer& origin = scene.ask(plain_request("GET"));
    scene.say(origin, wire);
    REQUIRE(scene.refusals == 1);
    CHECK(scene.failure->cause == Cause::origin_bad_response);
    CHECK(scene.failure->status == 502);
    CHECK(scene.backend().failures_in_a_row == 0);
  }
}

TEST_CASE(
    "SSE: an event that comes goes out in the same turn, and the time between them is longer") {
  ExchangeScene scene("response_timeout: 2s, event_timeout: 60s");
  Peer& origin = scene.ask(plain_request("GET"));
  scene.say(origin,
            "HTTP/1.1 200 OK\r\nContent-Type: Text/Event-Stream; charset=utf-8\r\n"
            "Transfer-Encoding: chunked\r\n\r\n");
  scene.stage.pass(std::chrono::seconds(59));
  CHECK(scene.ends() == 0);
  scene.say(origin, "7\r\ndata: 1\r\n");
  CHECK(scene.client.body == "data: 1");
  scene.stage.pass(std::chrono::seconds(59));
  CHECK(scene.ends() == 0);
  scene.stage.pass(std::chrono::seconds(2));
  REQUIRE(scene.overs == 1);
  CHECK(scene.client.end == End::cut);
  CHECK(scene.failure->cause == Cause::origin_timeout);
  CHECK(scene.failure->why == "the origin sent no event within http.event_timeout");
}
