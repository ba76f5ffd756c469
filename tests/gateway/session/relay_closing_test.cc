// What a decided Close waits for: the end of a frame, and room (relay_closing.cc).
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/cuts.h"
#include "tests/support/session_stage.h"

using namespace tests;
using namespace std::chrono_literals;
using gateway::config::WebSocket;
using gateway::outcome::By;
using gateway::outcome::Cause;
using gateway::outcome::Stage;
using gateway::usage::Field;
using proto::ws::CloseCode;
using proto::ws::Opcode;
using Wire = std::vector<uint8_t>;

namespace {

// The two halves of a frame of 1000 octets.
struct Halves {
  explicit Halves(bool by_client)
      : whole(by_client ? from_client(Opcode::binary, std::string(1000, 'b'))
                        : from_origin(Opcode::binary, std::string(1000, 'b'))),
        first(whole.begin(), whole.begin() + 500),
        rest(whole.begin() + 500, whole.end()) {}
  Wire whole;
  Wire first;
  Wire rest;
};

Wire joined(Wire a, const Wire& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// The ends that we decide and that nobody is in a hurry for; each sets its limits and brings the
// session to it.
struct Polite {
  Cause cause;
  CloseCode code;
};
const std::vector<Polite> kPolite{
    {Cause::drain, CloseCode::service_restart},
    {Cause::domain_disabled, CloseCode::service_restart},
    {Cause::quota, CloseCode::policy_violation},
    {Cause::max_lifetime, CloseCode::going_away},
    {Cause::client_idle, CloseCode::going_away},
};

WebSocket settings_for(Cause cause) {
  WebSocket settings;
  if (cause == Cause::max_lifetime) settings.max_lifetime = {.after = 2s, .jitter_percent = 0};
  if (cause == Cause::client_idle) settings.read_idle.client = 1s;
  return settings;
}

void bring_about(const Polite& end, SessionStage& stage) {
  if (end.cause == Cause::max_lifetime || end.cause == Cause::client_idle) {
    stage.pass(2s + 8ms);
  } else {
    stage.session().close(end.cause, end.code, "over");
  }
  REQUIRE(stage.session().relay().closing());
  CHECK(stage.session().relay().end()->cause == end.cause);
}

}  // namespace

TEST_CASE("FX11 relay: a decided Close comes behind the frame that is half through") {
  const Halves frame(false);
  for (const Polite& end : kPolite) {
    CAPTURE(to_string(end.cause));
    SessionStage stage({.settings = settings_for(end.cause)});
    stage.origin.send(frame.first);
    bring_about(end, stage);
    // The other direction stands at a boundary: its peer knows at once.
    REQUIRE(stage.seen_by_origin().size() == 1);
    CHECK(stage.client.received() == frame.first);
    REQUIRE(stage.client.connected());
    stage.pass(5s);
    stage.origin.send(frame.rest);
    const auto seen = stage.seen_by_client();
    REQUIRE(seen.size() == 2);
    CHECK(seen[0].payload.size() == 1000);
    CHECK(seen[1].code() == end.code);
    CHECK(stage.waited(end.cause, true) == 1);
    CHECK(stage.waited(end.cause, false) == 0);
    stage.client.send(client_close(end.code));
    stage.origin.send(origin_close(end.code));
    stage.origin.end();
    CHECK(stage.ended());
    CHECK(stage.ends(By::gateway, end.cause) == 1);
  }
}

TEST_CASE("FX11 relay: each direction goes on to its own boundary, however it is cut") {
  const Halves down(false);
  const Halves up(true);
  const Wire next = from_client(Opcode::text, "not delivered");
  for_each_cut(joined(up.rest, next), [&](const Pieces& pieces) {
    SessionStage stage;
    stage.client.send(up.first);
    stage.origin.send(down.first);
    stage.session().close(Cause::drain, CloseCode::service_restart, "restart");
    for (const proto::Bytes piece : pieces) stage.client.send(piece);
    const auto at_origin = stage.seen_by_origin();
    REQUIRE(at_origin.size() == 2);
    CHECK(at_origin[0].payload.size() == 1000);
    CHECK(at_origin[1].code() == CloseCode::service_restart);
    CHECK(stage.client.received() == down.first);
    // What came behind the Close has come, and was delivered to nobody.
    CHECK(stage.metered(Field::client_bytes_in) == up.whole.size() + next.size());
    CHECK(stage.origin_traffic().bytes_out.value() == up.whole.size());
    CHECK(stage.metered(Field::text_messages_in) == 1);
    stage.origin.send(down.rest);
    CHECK(stage.seen_by_client().size() == 2);
    CHECK(stage.waited(Cause::drain, true) == 2);
  });
}

TEST_CASE("FX11 relay: the boundary is the frame's, not that of a message that may never end") {
  SessionStage stage;
  Wire fragment = from_origin(Opcode::text, "part");
  fragment[0] &= 0x7f;
  stage.origin.send(Wire(fragment.begin(), fragment.end() - 1));
  stage.session().close(Cause::drain, CloseCode::service_restart, "restart");
  stage.origin.send(Wire(fragment.end() - 1, fragment.end()));
  REQUIRE(stage.seen_by_client().size() == 2);
  CHECK(stage.seen_by_client()[1].code() == CloseCode::service_restart);
}

TEST_CASE("FX11 relay: a flood whose reads never end at a boundary is closed at the first one") {
  SessionStage stage;
  const Wire frame = from_origin(Opcode::binary, std::string(300, 'f'));
  Wire flood;
  for (int i = 0; i < 200; ++i) flood = joined(flood, frame);
  size_t at = 0;
  const auto read = [&](size_t size) {
    stage.origin.send(proto::Bytes(flood).subspan(at, size));
    at += size;
  };
  read(500);
  stage.session().close(Cause::drain, CloseCode::service_restart, "restart");
  for (int i = 0; i < 5; ++i) read(1000);
  const auto seen = stage.seen_by_client();
  REQUIRE(seen.size() == 3);
  CHECK(seen[2].code() == CloseCode::service_restart);
  CHECK(stage.session().relay().client().ledger.taken() == 2 * frame.size());
}

TEST_CASE("FX11 relay: a frame that does not end in time is cut, each decision by its own time") {
  const Halves frame(false);
  for (const bool drain : {true, false}) {
    CAPTURE(drain);
    SessionStage stage;
    stage.origin.send(frame.first);
    if (drain) {
      stage.session().close(Cause::drain, CloseCode::service_restart, "restart", stage.now() + 9s);
    } else {
      stage.session().close(Cause::quota, CloseCode::policy_violation, "used up");
    }
    stage.pass(drain ? 8s + 990ms : 29s + 990ms);
    CHECK(stage.client.connected());
    stage.pass(20ms);
    CHECK_FALSE(stage.client.connected());
    CHECK(stage.client.received() == frame.first);
    CHECK(stage.waited(drain ? Cause::drain : Cause::quota, false) == 1);
    CHECK(stage.waited(drain ? Cause::drain : Cause::quota, true) == 0);
    stage.pass(60s);
    CHECK(stage.ended());
  }
}

TEST_CASE("FX11 relay: a Close that is given late has the whole close_timeout for its answer") {
  const Halves frame(false);
  SessionStage stage;
  stage.origin.send(frame.first);
  stage.session().close(Cause::drain, CloseCode::service_restart, "restart");
  stage.pass(25s);
  stage.origin.send(frame.rest);
  stage.pass(20s);
  REQUIRE(stage.client.connected());
  stage.client.send(client_close(CloseCode::service_restart));
  stage.client.end();
  stage.pass(11s);
  CHECK(stage.ended());
  // The origin was told at once, and has not answered.
  CHECK(stage.records.take().back().end.stage == Stage::closing);
}

TEST_CASE("FX11 relay: a Close waits for room, too, and no 50 ms are set to it") {
  SessionStage stage;
  stage.client.set_room(10);
  stage.origin.send(from_origin(Opcode::binary, std::string(1000, 'x')));
  stage.session().close(Cause::drain, CloseCode::service_restart, "restart");
  stage.pass(10s);
  REQUIRE(stage.client.connected());
  CHECK(stage.waited(Cause::drain, true) == 0);
  stage.client.take();
  REQUIRE(stage.seen_by_client().size() == 2);
  CHECK(stage.seen_by_client()[1].code() == CloseCode::service_restart);
  CHECK(stage.waited(Cause::drain, true) == 1);
  // One that never has room is cut with the rest.
  SessionStage stuck;
  stuck.client.set_room(10);
  stuck.origin.send(from_origin(Opcode::binary, std::string(1000, 'x')));
  stuck.session().close(Cause::drain, CloseCode::service_restart, "restart");
  stuck.pass(31s);
  CHECK(stuck.ended());
  CHECK(stuck.client.saw_reset());
  CHECK(stuck.waited(Cause::drain, false) == 1);
}

TEST_CASE(
    "FX11 relay: a Close that waits for room has the drain's time, and then that for its answer") {
  WebSocket settings;
  settings.close_timeout = 1s;
  SessionStage stage({.settings = settings});
  stage.client.set_room(10);
  stage.origin.send(from_origin(Opcode::binary, std::string(1000, 'x')));
  stage.session().close(Cause::drain, CloseCode::service_restart, "restart", stage.now() + 20s);
  stage.pass(15s);
  REQUIRE(stage.client.connected());
  stage.client.take();
  stage.pass(990ms);
  CHECK(stage.client.connected());
  stage.pass(20ms);
  CHECK(stage.ended());
  CHECK(stage.records.take().back().end.stage == Stage::closing);
}

TEST_CASE("FX11 relay: a source that is paused behind a slow reader goes on to its boundary") {
  const Halves frame(false);
  SessionStage stage;
  stage.client.set_room(100);
  stage.origin.send(frame.first);
  REQUIRE(stage.origin.paused());
  stage.session().close(Cause::drain, CloseCode::service_restart, "restart");
  stage.origin.send(frame.rest);
  CHECK(stage.origin.paused());
  stage.client.take();
  CHECK_FALSE(stage.origin.paused());
  stage.origin.pump();
  const auto seen = stage.seen_by_client();
  REQUIRE(seen.size() == 2);
  CHECK(seen[1].code() == CloseCode::service_restart);
}

TEST_CASE("FX11 relay: a source has the time of its frame and then that of its answer") {
  const Halves frame(false);
  WebSocket settings;
  settings.close_timeout = 1s;
  SessionStage stage({.settings = settings});
  stage.origin.send(frame.first);
  stage.session().close(Cause::drain, CloseCode::service_restart, "restart", stage.now() + 20s);
  stage.pass(15s);
  REQUIRE(stage.origin.connected());
  stage.origin.send(frame.rest);
  CHECK(stage.seen_by_client().size() == 2);
  stage.pass(990ms);
  CHECK(stage.origin.connected());
  stage.pass(20ms);
  CHECK(stage.ended());
}

TEST_CASE("FX11 relay: whoever leaves takes along the frame that the other's Close waits for") {
  const Halves frame(false);
  for (const bool reset : {true, false}) {
    SessionStage stage;
    stage.origin.send(frame.first);
    stage.session().close(Cause::drain, CloseCode::service_restart, "restart");
    if (reset) {
      stage.origin.fail();
    } else {
      stage.origin.end();
    }
    CHECK(stage.ended());
    CHECK(stage.client.received() == frame.first);
    CHECK(stage.waited(Cause::drain, false) == 1);
    CHECK(stage.ends(By::gateway, Cause::drain) == 1);
  }
}

TEST_CASE("FX11 relay: a Close that ends its connection at once has been given") {
  const Halves frame(false);
  SessionStage stage;
  stage.origin.send(frame.first);
  stage.session().close(Cause::drain, CloseCode::service_restart, "restart");
  stage.client.send(client_close(CloseCode::normal));
  stage.client.end();
  stage.origin.send(frame.rest);
  CHECK_FALSE(stage.client.connected());
  CHECK(stage.seen_by_client().size() == 2);
  CHECK(stage.waited(Cause::drain, true) == 1);
  CHECK(stage.waited(Cause::drain, false) == 0);
}

TEST_CASE("FX11 relay: the second signal waits for nothing") {
  SessionStage stage;
  stage.origin.send(Halves(false).first);
  stage.session().close(Cause::drain, CloseCode::service_restart, "restart");
  stage.session().abort();
  CHECK(stage.ended());
  CHECK(stage.waited(Cause::drain, false) == 1);
}

TEST_CASE("FX11 relay: silence and a stall wait for no frame") {
  const Halves up(true);
  SessionStage idle({.settings = idle_after(3s)});
  idle.client.send(up.first);
  idle.pass(5s);
  CHECK_FALSE(idle.origin.connected());
  CHECK(idle.origin.received() == up.first);
  REQUIRE(idle.seen_by_client().size() == 1);
  CHECK(idle.waited(Cause::idle_timeout, false) == 0);

  SessionStage stalled;
  stalled.client.send(up.first);
  stalled.client.set_room(1);
  stalled.origin.send(from_origin(Opcode::text, "x"));
  stalled.pass(22s);
  CHECK(stalled.ended());
  CHECK(stalled.origin.received() == up.first);
}
