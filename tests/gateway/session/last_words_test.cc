// What the other peer of an offender had to say before the offence (relay_closing.cc).
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/cuts.h"
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

const Wire kHalfAFrame = "82 7e 03e8 6162"_wire;

Wire joined(Wire a, const Wire& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

TEST_CASE("FY14 relay: what answers the messages before a violation comes before the Close") {
  const Wire valid = from_client(Opcode::text, "valid");
  const Wire answer = from_origin(Opcode::text, "answer");
  for_each_cut(joined(valid, "83 80 00000000"_wire), [&](const Pieces& pieces) {
    SessionStage stage;
    for (const proto::Bytes piece : pieces) stage.client.send(piece);
    CHECK(stage.client.received().empty());
    const auto asked = stage.seen_by_origin();
    REQUIRE(asked.size() == 2);
    CHECK(asked[0].payload == "valid");
    CHECK(asked[1].code() == CloseCode::going_away);
    stage.origin.send(joined(answer, origin_close(CloseCode::going_away)));
    const auto seen = stage.seen_by_client();
    REQUIRE(seen.size() == 2);
    CHECK(seen[0].payload == "answer");
    CHECK(seen[1].code() == CloseCode::protocol_error);
    CHECK(stage.session().relay().client().ledger.taken() == answer.size());
    CHECK(stage.metered(Field::close_frames_out) == 1);
    CHECK(stage.client.saw_end());
    stage.client.end();
    stage.origin.end();
    CHECK(stage.ended());
    CHECK(stage.ends(By::client, Cause::protocol_error) == 1);
  });
}

TEST_CASE(
    "FY14 relay: the last words may come in any cut, and the Close behind them goes nowhere") {
  const Wire words = joined(from_origin(Opcode::text, "answer"),
                            origin_close(CloseCode::going_away, "as you wish"));
  for_each_cut(words, [&](const Pieces& pieces) {
    SessionStage stage;
    stage.client.send("83 80 00000000"_wire);
    for (const proto::Bytes piece : pieces) stage.origin.send(piece);
    const auto seen = stage.seen_by_client();
    REQUIRE(seen.size() == 2);
    CHECK(seen[0].payload == "answer");
    CHECK(seen[1].code() == CloseCode::protocol_error);
  });
}

TEST_CASE("FY14 relay: an origin that breaks the protocol gets the client's last words, too") {
  SessionStage stage;
  stage.origin.send(joined(from_origin(Opcode::text, "question"), "83 00"_wire));
  REQUIRE(stage.seen_by_client().size() == 2);
  CHECK(stage.seen_by_client()[1].code() == CloseCode::internal_error);
  stage.client.send(from_client(Opcode::text, "answer"));
  stage.client.send(client_close(CloseCode::internal_error));
  const auto seen = stage.seen_by_origin();
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].payload == "answer");
  CHECK(seen[1].code() == CloseCode::protocol_error);
}

TEST_CASE("FY14 relay: last words are waited for a second, not longer") {
  SessionStage stage;
  stage.client.send(joined(from_client(Opcode::text, "valid"), "83 80 00000000"_wire));
  stage.pass(990ms);
  CHECK(stage.client.received().empty());
  stage.pass(20ms);
  REQUIRE(stage.seen_by_client().size() == 1);
  CHECK(stage.seen_by_client()[0].code() == CloseCode::protocol_error);
  // Later ones are too late.
  stage.origin.send(from_origin(Opcode::text, "at last"));
  CHECK(stage.seen_by_client().size() == 1);
}

TEST_CASE(
    "FY14 relay: a frame that is still on its way when the second is over cuts the offender") {
  SessionStage stage;
  stage.client.send("83 80 00000000"_wire);
  stage.origin.send(kHalfAFrame);
  stage.pass(1010ms);
  CHECK_FALSE(stage.client.connected());
  CHECK(stage.client.received() == kHalfAFrame);
}

TEST_CASE("FY14 relay: who has no last words is not waited for") {
  SUBCASE("it is lost") {
    SessionStage stage;
    stage.client.send("83 80 00000000"_wire);
    stage.origin.fail();
    REQUIRE(stage.seen_by_client().size() == 1);
    CHECK(stage.seen_by_client()[0].code() == CloseCode::protocol_error);
  }
  SUBCASE("it has broken the protocol, too") {
    SessionStage stage;
    stage.client.send("83 80 00000000"_wire);
    stage.origin.send("83 00"_wire);
    REQUIRE(stage.seen_by_client().size() == 1);
    CHECK(stage.seen_by_client()[0].code() == CloseCode::protocol_error);
    CHECK(stage.origin.connected());
  }
  SUBCASE("it does not even take the Close") {
    SessionStage stage;
    stage.origin.set_room(3);
    stage.client.send(joined(from_client(Opcode::text, "valid"), "83 80 00000000"_wire));
    stage.pass(60ms);
    CHECK_FALSE(stage.origin.connected());
    REQUIRE(stage.seen_by_client().size() == 1);
    CHECK(stage.seen_by_client()[0].code() == CloseCode::protocol_error);
  }
  SUBCASE("it had closed before") {
    SessionStage stage;
    stage.origin.send(origin_close(CloseCode::normal));
    stage.client.send("83 80 00000000"_wire);
    CHECK(stage.client.saw_end());
    CHECK(stage.seen_by_client().size() == 1);
  }
}

TEST_CASE("FY14 relay: an offender that hangs up meanwhile ends like any other") {
  SessionStage stage;
  stage.client.send("83 80 00000000"_wire);
  stage.client.fail();
  CHECK_FALSE(stage.client.connected());
  stage.origin.send(origin_close(CloseCode::going_away));
  stage.origin.end();
  CHECK(stage.ended());
  CHECK(stage.ends(By::client, Cause::protocol_error) == 1);
}
