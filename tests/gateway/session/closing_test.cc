// The ways in which a session closes (relay.cc, session.cc).
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/session_stage.h"
#include "tests/support/wire.h"

using namespace tests;
using namespace std::chrono_literals;
using gateway::outcome::By;
using gateway::outcome::Cause;
using gateway::usage::Field;
using proto::ws::CloseCode;
using proto::ws::Opcode;
using Wire = std::vector<uint8_t>;

namespace {

// Data of a frame whose rest is still to come.
Wire half_a_frame(bool masked) {
  return masked ? "82 fe 03e8 00000000 6162"_wire : "82 7e 03e8 6162"_wire;
}

}  // namespace

TEST_CASE("closing: the client first") {
  SessionStage stage;
  const Wire asked = client_close(CloseCode::normal, "bye");
  stage.client.send(asked);
  CHECK(stage.origin.received() == asked);
  CHECK_FALSE(stage.client.saw_end());
  const Wire answered = origin_close(CloseCode::normal, "bye");
  stage.origin.send(answered);
  CHECK(stage.client.received() == answered);
  CHECK(stage.client.saw_end());  // the server ends the TCP connection first (§7.1.1)
  CHECK_FALSE(stage.origin.saw_end());
  stage.client.end();
  stage.origin.end();
  CHECK(stage.ended());
  CHECK(stage.ends(By::client, Cause::client_close) == 1);
  CHECK(stage.ends() == 1);
  CHECK(stage.counters().active.value() == 0);
  CHECK(stage.counters().close_codes[0][gateway::metrics::close_slot(1000)].value() == 1);
  CHECK(stage.counters().close_codes[1][gateway::metrics::close_slot(1000)].value() == 1);
}

TEST_CASE("closing: the origin first") {
  SessionStage stage;
  const Wire asked = origin_close(CloseCode{4001}, "moved");
  stage.origin.send(asked);
  CHECK(stage.client.received() == asked);
  const Wire answered = client_close(CloseCode{4001});
  stage.client.send(answered);
  CHECK(stage.origin.received() == answered);
  CHECK(stage.client.saw_end());
  stage.origin.end();
  stage.client.end();
  CHECK(stage.ended());
  CHECK(stage.ends(By::origin, Cause::origin_close) == 1);
  CHECK(stage.ends() == 1);
}

TEST_CASE("closing: both at once, and each gets the other's Close") {
  SessionStage stage;
  // The origin's is on its way while the client's is forwarded.
  stage.client.send(client_close(CloseCode::normal, "c"));
  stage.origin.send(origin_close(CloseCode::going_away, "o"));
  CHECK(stage.origin.received() == client_close(CloseCode::normal, "c"));
  CHECK(stage.client.received() == origin_close(CloseCode::going_away, "o"));
  stage.client.end();
  stage.origin.end();
  CHECK(stage.ended());
  CHECK(stage.ends(By::client, Cause::client_close) == 1);
  CHECK(stage.ends() == 1);
}

TEST_CASE("closing: an empty Close is passed on empty") {
  SessionStage stage;
  stage.client.send(client_close(CloseCode::no_status));
  CHECK(stage.origin.received() == client_close(CloseCode::no_status));
  CHECK(stage.counters().close_codes[0][gateway::metrics::close_slot(1005)].value() == 1);
}

TEST_CASE("closing: what comes behind a Close is dropped") {
  SessionStage stage;
  Wire wire = client_close(CloseCode::normal);
  const size_t end = wire.size();
  const Wire more = from_client(Opcode::text, "too late");
  wire.insert(wire.end(), more.begin(), more.end());
  stage.client.send(wire);
  stage.client.send(more);
  CHECK(stage.origin.received().size() == end);
  CHECK(stage.metered(Field::data_frames_in) == 0);
}

TEST_CASE("closing: data towards the side that closed goes on until the answer") {
  SessionStage stage;
  stage.client.send(client_close(CloseCode::normal));
  stage.origin.send(from_origin(Opcode::text, "last words"));
  stage.origin.send(origin_close(CloseCode::normal));
  const auto frames = stage.seen_by_client();
  REQUIRE(frames.size() == 2);
  CHECK(frames[0].payload == "last words");
}

TEST_CASE("closing: a client that shuts its side with its Close still gets the answer") {
  SessionStage stage;
  stage.client.send(client_close(CloseCode::normal));
  stage.client.end();
  CHECK(stage.client.connected());
  stage.origin.send(origin_close(CloseCode::normal));
  CHECK(stage.client.received() == origin_close(CloseCode::normal));
  CHECK(stage.client.saw_end());
  CHECK_FALSE(stage.client.saw_reset());
  stage.origin.end();
  CHECK(stage.ended());
  CHECK(stage.ends(By::client, Cause::client_close) == 1);
}

TEST_CASE("closing: a slow client that has shut its side gets all that came before the Close") {
  SessionStage stage;
  stage.client.send(client_close(CloseCode::normal));
  stage.client.end();
  stage.client.set_room(3);
  stage.origin.send(from_origin(Opcode::text, "last words"));
  stage.client.take();
  stage.client.set_room(3);
  stage.origin.pump();
  stage.origin.send(origin_close(CloseCode::normal));
  stage.origin.end();
  REQUIRE(stage.client.connected());
  CHECK(stage.client.queued() > 0);
  stage.client.take();
  CHECK(stage.seen_by_client().size() == 2);
  CHECK(stage.client.saw_end());
  CHECK_FALSE(stage.client.saw_reset());
  CHECK(stage.ended());
}

TEST_CASE("closing: an origin that shuts its side with its Close still gets the answer") {
  SessionStage stage;
  stage.origin.send(origin_close(CloseCode::normal));
  stage.origin.end();
  CHECK(stage.origin.connected());
  stage.client.send(client_close(CloseCode::normal));
  CHECK(stage.origin.received() == client_close(CloseCode::normal));
  CHECK(stage.origin.saw_end());
  stage.client.end();
  CHECK(stage.ended());
  CHECK(stage.ends(By::origin, Cause::origin_close) == 1);
}

TEST_CASE("closing: a lost origin is 1011 to the client, whose answer ends it") {
  for (const bool reset : {false, true}) {
    CAPTURE(reset);
    SessionStage stage;
    stage.origin.send(from_origin(Opcode::text, "whole"));
    if (reset) {
      stage.origin.fail();
    } else {
      stage.origin.end();
    }
    const auto frames = stage.seen_by_client();
    REQUIRE(frames.size() == 2);
    CHECK(frames.back().code() == CloseCode::internal_error);
    CHECK_FALSE(frames.back().reason().empty());
    CHECK_FALSE(stage.origin.connected());
    stage.client.send(client_close(CloseCode::internal_error));
    CHECK(stage.client.saw_end());
    stage.client.end();
    CHECK(stage.ended());
    CHECK(stage.ends(By::origin, Cause::origin_abort) == 1);
    CHECK(stage.ends() == 1);
  }
}

TEST_CASE("closing: a lost client is a masked 1001 to the origin") {
  SessionStage stage;
  stage.client.fail();
  const auto frames = stage.seen_by_origin();
  REQUIRE(frames.size() == 1);
  CHECK(frames.front().masked);
  CHECK(frames.front().code() == CloseCode::going_away);
  stage.origin.send(origin_close(CloseCode::going_away));
  stage.origin.end();
  CHECK(stage.ended());
  CHECK(stage.ends(By::client, Cause::client_abort) == 1);
}

TEST_CASE("closing: where a frame is half relayed, the connection is cut and nothing is written") {
  SUBCASE("the origin is lost") {
    SessionStage stage;
    stage.origin.send(half_a_frame(false));
    stage.origin.fail();
    CHECK(stage.client.received() == half_a_frame(false));
    CHECK_FALSE(stage.client.connected());
    CHECK(stage.ended());
    CHECK(stage.ends(By::origin, Cause::origin_abort) == 1);
  }
  SUBCASE("the client is lost") {
    SessionStage stage;
    stage.client.send(half_a_frame(true));
    stage.client.fail();
    CHECK(stage.origin.received() == half_a_frame(true));
    CHECK_FALSE(stage.origin.connected());
    CHECK(stage.ended());
  }
  SUBCASE("nothing comes any more, and only one direction is at a boundary") {
    SessionStage stage({.settings = idle_after(60s)});
    stage.origin.send(half_a_frame(false));
    stage.pass(62s);
    CHECK(stage.client.received() == half_a_frame(false));
    CHECK_FALSE(stage.client.connected());
    REQUIRE(stage.seen_by_origin().size() == 1);
    CHECK(stage.seen_by_origin().front().code() == CloseCode::going_away);
  }
}

TEST_CASE("closing: a header that is held back leaves the boundary where it was") {
  SessionStage stage;
  stage.origin.send("82 7e 03"_wire);
  stage.session().close(Cause::drain, CloseCode::service_restart, "restart");
  REQUIRE(stage.seen_by_client().size() == 1);
  CHECK(stage.seen_by_client().front().code() == CloseCode::service_restart);
}

TEST_CASE("closing: by the gateway, each side gets our Close, the origin's is masked") {
  SessionStage stage;
  stage.session().close(Cause::drain, CloseCode::service_restart, "node restarts");
  REQUIRE(stage.seen_by_client().size() == 1);
  REQUIRE(stage.seen_by_origin().size() == 1);
  CHECK_FALSE(stage.seen_by_client().front().masked);
  CHECK(stage.seen_by_client().front().code() == CloseCode::service_restart);
  CHECK(stage.seen_by_client().front().reason() == "node restarts");
  CHECK(stage.seen_by_origin().front().masked);
  CHECK(stage.seen_by_origin().front().code() == CloseCode::service_restart);
  stage.client.send(client_close(CloseCode::service_restart));
  stage.origin.send(origin_close(CloseCode::service_restart));
  // Neither answer is passed on: each side has had its Close.
  CHECK(stage.seen_by_client().size() == 1);
  CHECK(stage.seen_by_origin().size() == 1);
  stage.client.end();
  stage.origin.end();
  CHECK(stage.ended());
  CHECK(stage.ends(By::gateway, Cause::drain) == 1);
  CHECK(stage.ends() == 1);
}

TEST_CASE("closing: data that comes after our Close is not forwarded") {
  SessionStage stage;
  stage.session().close(Cause::drain, CloseCode::service_restart, "restart");
  const Wire to_client = stage.client.received();
  const Wire to_origin = stage.origin.received();
  stage.client.send(from_client(Opcode::text, "x"));
  stage.origin.send(from_origin(Opcode::text, "x"));
  CHECK(stage.client.received() == to_client);
  CHECK(stage.origin.received() == to_origin);
}

TEST_CASE("closing: our Close behind a full queue resumes the side it pauses, to find its answer") {
  SessionStage stage;
  stage.origin.set_room(0);
  stage.client.send(from_client(Opcode::text, "x"));
  REQUIRE(stage.client.paused());
  stage.client.send(client_close(CloseCode::normal));
  stage.session().close(Cause::drain, CloseCode::service_restart, "restart");
  CHECK_FALSE(stage.client.paused());
  stage.client.pump();
  CHECK(stage.client.saw_end());
}

TEST_CASE("closing: a peer that never answers is cut when close_timeout is over") {
  SessionStage stage;
  stage.session().close(Cause::drain, CloseCode::service_restart, "restart");
  stage.pass(29'999ms);
  CHECK_FALSE(stage.ended());
  stage.pass(10ms);
  CHECK(stage.ended());
  CHECK(stage.ends(By::gateway, Cause::drain) == 1);
}

TEST_CASE("closing: the Close of an error that the peer does not take is given up after 50 ms") {
  SessionStage stage;
  stage.client.set_room(0);
  stage.origin.send("81 01 78 83 00"_wire);
  stage.pass(49ms);
  CHECK(stage.client.connected());
  stage.pass(10ms);
  CHECK_FALSE(stage.client.connected());
  CHECK(stage.client.saw_reset());
  CHECK(stage.origin.connected());  // its Close was taken: its end has its full time
  stage.origin.end();
  CHECK(stage.ended());
  CHECK(stage.ends(By::origin, Cause::protocol_error) == 1);
}

TEST_CASE("closing: a Close of ours that comes late has its full time to be taken") {
  SessionStage stage;
  stage.client.send(client_close(CloseCode::normal));
  stage.client.set_room(0);
  stage.origin.send(from_origin(Opcode::text, "x"));
  stage.pass(10s);
  stage.origin.fail();
  REQUIRE(stage.client.connected());
  stage.pass(40ms);
  CHECK(stage.client.connected());
  stage.pass(20ms);
  CHECK_FALSE(stage.client.connected());
}

TEST_CASE("closing: an origin lost after the client's Close gives the client its Close back") {
  SessionStage stage;
  stage.client.send(client_close(CloseCode{4000}, "done"));
  stage.origin.end();
  const auto frames = stage.seen_by_client();
  REQUIRE(frames.size() == 1);
  CHECK(frames.front().code() == CloseCode{4000});
  CHECK(stage.client.saw_end());
  stage.client.end();
  CHECK(stage.ended());
  CHECK(stage.ends(By::client, Cause::client_close) == 1);
}

TEST_CASE("closing: a second decision changes nothing") {
  SessionStage stage;
  stage.session().close(Cause::drain, CloseCode::service_restart, "restart");
  stage.session().close(Cause::overload, CloseCode::try_again_later, "busy");
  CHECK(stage.seen_by_client().size() == 1);
  stage.session().abort();
  CHECK(stage.ended());
  CHECK(stage.ends(By::gateway, Cause::drain) == 1);
  CHECK(stage.ends() == 1);
}

TEST_CASE("closing: the second signal cuts both at once") {
  SessionStage stage;
  stage.session().abort();
  CHECK(stage.ended());
  CHECK(stage.client.received().empty());
  CHECK(stage.ends() == 1);
}

TEST_CASE("closing: who broke the protocol is not waited for once it has its Close") {
  SessionStage stage;
  stage.client.send("83 80 00000000"_wire);
  stage.origin.send(origin_close(CloseCode::going_away));
  REQUIRE(stage.seen_by_client().size() == 1);
  // What it sends now is not looked at, so no answer could be found (§7.1.7).
  CHECK(stage.client.saw_end());
  stage.client.end();
  stage.origin.end();
  CHECK(stage.ended());
  CHECK(stage.ends(By::client, Cause::protocol_error) == 1);
}

TEST_CASE("closing: an offence after our Close is harmless") {
  SessionStage stage;
  stage.session().close(Cause::drain, CloseCode::service_restart, "restart");
  stage.client.send("83 80 00000000"_wire);
  stage.origin.send("83 00"_wire);
  stage.client.end();
  stage.origin.end();
  CHECK(stage.ended());
  CHECK(stage.ends() == 1);
}
