#include "gateway/session/timeouts.h"

#include <string>

#include <doctest/doctest.h>

#include "tests/support/cuts.h"
#include "tests/support/session_stage.h"

using namespace tests;
using namespace std::chrono_literals;
using gateway::config::WebSocket;
using gateway::outcome::By;
using gateway::outcome::Cause;
using gateway::usage::Field;
using proto::ws::CloseCode;
using proto::ws::Opcode;

namespace {

const std::vector<uint8_t> kFromClient = from_client(Opcode::text, "c");
const std::vector<uint8_t> kFromOrigin = from_origin(Opcode::text, "o");

// A side that answers nothing must not end a test: only the times of our own Closes matter there.
CloseCode code_to_client(SessionStage& stage) { return stage.seen_by_client().back().code(); }

}  // namespace

TEST_CASE("timeouts: silence closes with 1001, never before T + 1 s, never after T + 2 s") {
  for (const auto limit : {1000ms, 1500ms, 3000ms, 60'000ms, 2'592'000'000ms}) {
    CAPTURE(limit.count());
    SessionStage stage({.settings = idle_after(limit)});
    stage.pass_until(limit + 1s - 1ms);
    CHECK(stage.client.received().empty());
    stage.pass_until(limit + 2s);
    REQUIRE(stage.seen_by_client().size() == 1);
    CHECK(code_to_client(stage) == CloseCode::going_away);
    CHECK(stage.seen_by_origin().back().code() == CloseCode::going_away);
  }
}

TEST_CASE("timeouts: the reason names the limit as the operator wrote it") {
  SessionStage seconds({.settings = idle_after(60s)});
  seconds.pass(62s);
  CHECK(seconds.seen_by_client().back().reason() == "idle timeout 60s");
  SessionStage milli({.settings = idle_after(1500ms)});
  milli.pass(4s);
  CHECK(milli.seen_by_client().back().reason() == "idle timeout 1500ms");
}

TEST_CASE("timeouts: a peer that sends exactly every T seconds lives for ever") {
  for (const bool client : {true, false}) {
    SessionStage stage({.settings = idle_after(60s)});
    for (int i = 0; i < 1000; ++i) {
      stage.pass(60s);
      if (client) {
        stage.client.send(from_client(Opcode::ping, {}));
      } else {
        stage.origin.send(from_origin(Opcode::pong, {}));
      }
    }
    CHECK(stage.ends() == 0);
    CHECK_FALSE(stage.session().relay().closing());
  }
}

TEST_CASE("timeouts: one octet of a frame is activity") {
  SessionStage stage({.settings = idle_after(3s)});
  const auto frame = from_client(Opcode::text, "slow");
  for (const uint8_t octet : frame) {
    stage.pass(3s);
    stage.client.send({&octet, 1});
  }
  CHECK(stage.seen_by_origin().size() == 1);
  CHECK_FALSE(stage.session().relay().closing());
}

TEST_CASE("timeouts: bytes that wait to be taken are not activity") {
  WebSocket settings = idle_after(5s);
  settings.send_stall_timeout = 3600s;
  SessionStage stage({.settings = settings});
  stage.client.set_room(0);
  stage.origin.send(kFromOrigin);
  stage.pass_until(7s);
  CHECK(stage.ends() + (stage.session().relay().closing() ? 1 : 0) == 1);
  CHECK(stage.session().relay().end()->cause == Cause::idle_timeout);
}

TEST_CASE("timeouts: read_idle is of one leg alone") {
  for (const bool client : {true, false}) {
    CAPTURE(client);
    WebSocket settings;
    (client ? settings.read_idle.client : settings.read_idle.origin) = 5s;
    SessionStage stage({.settings = settings});
    for (int i = 0; i < 5; ++i) {
      stage.pass(1s);
      if (client) {
        stage.origin.send(kFromOrigin);
      } else {
        stage.client.send(kFromClient);
      }
    }
    stage.pass_until(5'999ms);
    CHECK_FALSE(stage.session().relay().closing());
    stage.pass_until(7s);
    REQUIRE(stage.session().relay().closing());
    CHECK(stage.session().relay().end()->cause ==
          (client ? Cause::client_idle : Cause::origin_idle));
    CHECK(code_to_client(stage) == CloseCode::going_away);
  }
}

TEST_CASE("timeouts: write_idle is of one leg alone") {
  for (const bool client : {true, false}) {
    CAPTURE(client);
    WebSocket settings;
    (client ? settings.write_idle.client : settings.write_idle.origin) = 5s;
    SessionStage stage({.settings = settings});
    // Traffic in the other direction only: nothing is written to the leg in question.
    for (int i = 0; i < 5; ++i) {
      stage.pass(1s);
      if (client) {
        stage.client.send(kFromClient);
      } else {
        stage.origin.send(kFromOrigin);
      }
    }
    stage.pass_until(5'999ms);
    CHECK_FALSE(stage.session().relay().closing());
    stage.pass_until(7s);
    REQUIRE(stage.session().relay().closing());
    CHECK(stage.session().relay().end()->cause ==
          (client ? Cause::client_idle : Cause::origin_idle));
  }
}

TEST_CASE("timeouts: an idle close after gaps of nearly the timeout tells of a slow heartbeat") {
  SessionStage slow({.settings = idle_after(60s)});
  slow.pass(56s);
  slow.client.send(kFromClient);
  slow.pass(62s);
  CHECK(slow.counters().slow_heartbeats.value() == 1);
  SessionStage gone({.settings = idle_after(60s)});
  gone.pass(30s);
  gone.client.send(kFromClient);
  gone.pass(62s);
  CHECK(gone.counters().slow_heartbeats.value() == 0);
}

namespace {

WebSocket with_keepalive(milliseconds interval, milliseconds timeout) {
  WebSocket settings;
  settings.keepalive = {.interval = interval, .timeout = timeout};
  return settings;
}

}  // namespace

TEST_CASE("keepalive: a ping of the edge, whose pong goes no further and counts nowhere") {
  SessionStage stage({.settings = with_keepalive(20s, 10s)});
  stage.pass(20s + 8ms);
  auto frames = stage.seen_by_client();
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].opcode == Opcode::ping);
  CHECK_FALSE(frames[0].masked);
  for_each_cut(from_client(Opcode::pong, frames[0].payload), [&](const Pieces& pieces) {
    SessionStage cut({.settings = with_keepalive(20s, 10s)});
    cut.pass(20s + 8ms);
    const std::string ping = cut.seen_by_client().at(0).payload;
    const auto pong = from_client(Opcode::pong, ping);
    size_t at = 0;
    for (const proto::Bytes piece : pieces) {
      cut.client.send(proto::Bytes(pong).subspan(at, piece.size()));
      at += piece.size();
    }
    CHECK(cut.origin.received().empty());
    CHECK(cut.counters().edge_pings.value() == 1);
    CHECK(cut.metered(Field::pong_frames_in) == 0);
    CHECK(cut.metered(Field::client_bytes_in) == 0);
    CHECK(cut.metered(Field::client_bytes_out) == 0);
    CHECK(cut.session().relay().client().ledger.bytes_in() == 0);
    cut.pass(15s);
    CHECK_FALSE(cut.session().relay().closing());
  });
}

TEST_CASE(
    "keepalive: the next ping comes an interval after the last, even when the timeout is longer") {
  SessionStage stage({.settings = with_keepalive(2s, 10s)});
  for (size_t pings = 1; pings <= 5; ++pings) {
    stage.pass(2s + 8ms);
    REQUIRE(stage.seen_by_client().size() == pings);
    stage.pass(10ms);
    stage.client.send(from_client(Opcode::pong, stage.seen_by_client().back().payload));
  }
}

TEST_CASE("keepalive: pongs that answer somebody else are forwarded and counted") {
  SessionStage stage({.settings = with_keepalive(20s, 10s)});
  stage.pass(20s + 8ms);
  REQUIRE(stage.seen_by_client().size() == 1);
  const auto foreign = from_client(Opcode::pong, "not yours");
  stage.client.send(foreign);
  stage.client.send(from_client(Opcode::pong, stage.seen_by_client().back().payload));
  stage.client.send(foreign);
  CHECK(stage.seen_by_origin().size() == 2);
  CHECK(stage.metered(Field::pong_frames_in) == 2);
  CHECK(stage.metered(Field::client_bytes_in) == 2 * foreign.size());
  CHECK(stage.origin_traffic().bytes_out.value() == 2 * foreign.size());
}

TEST_CASE("keepalive: no pong in time closes, and the pong is missed by the timeout alone") {
  SessionStage stage({.settings = with_keepalive(20s, 5s)});
  stage.pass(20s + 8ms);
  // What is sent to the client is no pong, nor that it is taken.
  stage.pass(4s);
  stage.origin.send(kFromOrigin);
  CHECK_FALSE(stage.session().relay().closing());
  stage.pass(1s + 8ms);
  REQUIRE(stage.session().relay().closing());
  CHECK(stage.session().relay().end()->cause == Cause::pong_timeout);
  CHECK(stage.session().relay().end()->by == By::gateway);
}

TEST_CASE("keepalive: never inside a frame") {
  SessionStage stage({.settings = with_keepalive(2s, 10s)});
  const std::vector<uint8_t> half{0x82, 0x04, 'a', 'b'};
  const std::vector<uint8_t> rest{'c', 'd'};
  stage.origin.send(half);
  stage.pass(10s);
  CHECK(stage.client.received() == half);
  stage.origin.send(rest);
  stage.pass(200ms);
  const auto frames = stage.seen_by_client();
  REQUIRE(frames.size() == 2);
  CHECK(frames[1].opcode == Opcode::ping);
}

TEST_CASE("keepalive: only the pong that returns is activity") {
  WebSocket settings = with_keepalive(2s, 300s);
  settings.connection_timeout = 5s;
  SessionStage silent({.settings = settings});
  silent.pass_until(7s);
  REQUIRE(silent.session().relay().closing());
  CHECK(silent.session().relay().end()->cause == Cause::idle_timeout);

  SessionStage answering({.settings = settings});
  for (int i = 0; i < 20; ++i) {
    answering.pass(2s + 8ms);
    answering.client.send(from_client(Opcode::pong, answering.seen_by_client().back().payload));
  }
  CHECK_FALSE(answering.session().relay().closing());
}

TEST_CASE("lifetime: ends within the jitter, and never late") {
  bool differ = false;
  for (int i = 0; i < 50; ++i) {
    WebSocket settings;
    settings.connection_timeout = 3600s;
    settings.max_lifetime = {.after = 100s, .jitter_percent = 20};
    SessionStage stage({.settings = settings});
    stage.pass_until(80s - 1ms);
    CHECK_FALSE(stage.session().relay().closing());
    stage.pass_until(90s);
    differ |= stage.session().relay().closing();
    stage.pass_until(100s + 8ms);
    REQUIRE(stage.session().relay().closing());
    CHECK(stage.session().relay().end()->cause == Cause::max_lifetime);
  }
  CHECK(differ);
}

TEST_CASE("lifetime: without jitter it is exact, and traffic does not extend it") {
  WebSocket settings;
  settings.max_lifetime = {.after = 10s, .jitter_percent = 0};
  SessionStage stage({.settings = settings});
  for (int i = 0; i < 99; ++i) {
    stage.pass(100ms);
    stage.client.send(kFromClient);
  }
  CHECK_FALSE(stage.session().relay().closing());
  stage.pass_until(10s + 8ms);
  CHECK(stage.session().relay().closing());
}

TEST_CASE("send stall: a queue of which nothing is taken is cut, and the other side is told") {
  for (const bool client : {true, false}) {
    CAPTURE(client);
    SessionStage stage;  // 20 s
    Peer& stalled = client ? stage.client : stage.origin;
    Peer& source = client ? stage.origin : stage.client;
    stalled.set_room(1);
    source.send(client ? kFromOrigin : kFromClient);
    stage.pass(19s);
    CHECK(stalled.connected());
    stage.pass(2s);
    CHECK_FALSE(stalled.connected());
    CHECK(stalled.saw_reset());
    const auto told = client ? stage.seen_by_origin() : stage.seen_by_client();
    REQUIRE_FALSE(told.empty());
    CHECK(told.back().code() == (client ? CloseCode::going_away : CloseCode::internal_error));
    CHECK(stage.session().relay().end()->cause == Cause::slow_consumer);
  }
}

TEST_CASE("send stall: a reader that trickles is not cut") {
  SessionStage stage({.settings = idle_after(3600s)});
  stage.client.set_room(0);
  stage.origin.send(from_origin(Opcode::binary, std::string(1000, 'x')));
  for (int i = 0; i < 100; ++i) {
    stage.pass(15s);
    stage.client.take(1);
  }
  CHECK(stage.client.connected());
  CHECK_FALSE(stage.session().relay().closing());
  stage.pass(21s);
  CHECK_FALSE(stage.client.connected());
}

TEST_CASE("send stall: a queue that drains and fills again begins anew") {
  SessionStage stage({.settings = idle_after(3600s)});
  for (int i = 0; i < 5; ++i) {
    stage.client.set_room(0);
    stage.origin.send(kFromOrigin);
    stage.pass(19s);
    REQUIRE(stage.client.connected());
    stage.client.take();
  }
  stage.pass(3000s);
  CHECK(stage.client.connected());
}

TEST_CASE("send stall: off means never") {
  WebSocket settings;
  settings.connection_timeout = 86'400s;
  settings.send_stall_timeout.reset();
  SessionStage stage({.settings = settings});
  stage.client.set_room(0);
  stage.origin.send(kFromOrigin);
  stage.pass(80'000s);
  CHECK(stage.client.connected());
}
