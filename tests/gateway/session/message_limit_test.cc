#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "gateway/metrics/counters.h"
#include "gateway/session/relay.h"
#include "tests/support/access_file.h"
#include "tests/support/cuts.h"
#include "tests/support/folder.h"
#include "tests/support/session_stage.h"

using namespace tests;
using gateway::outcome::By;
using gateway::outcome::Cause;
using proto::ws::CloseCode;
using proto::ws::Opcode;
using Wire = std::vector<uint8_t>;

namespace {

gateway::config::WebSocket limited(uint64_t text, uint64_t binary) {
  gateway::config::WebSocket settings;
  if (text != 0) settings.max_message.text = text;
  if (binary != 0) settings.max_message.binary = binary;
  return settings;
}

uint64_t limited_sessions(SessionStage& stage) {
  return stage.counters().limited[gateway::metrics::kMaxMessageLimit].value();
}

}  // namespace

TEST_CASE("relay: beyond max_message the sender gets 1009 and the other side 1001") {
  const Wire good = from_client(Opcode::text, std::string(130, 'x'));
  Wire sent = good;
  const Wire bad = from_client(Opcode::text, std::string(131, 'x'));
  sent.insert(sent.end(), bad.begin(), bad.end());
  for_each_cut(sent, [&](const Pieces& pieces) {
    SessionStage stage({.settings = limited(130, 0)});
    for (const proto::Bytes piece : pieces) {
      if (stage.client.connected()) stage.client.send(piece);
    }
    stage.origin.send(origin_close(CloseCode::going_away));
    const auto to_client = stage.seen_by_client();
    REQUIRE(to_client.size() == 1);
    CHECK(to_client[0].code() == CloseCode::message_too_big);
    CHECK(to_client[0].reason() == "message larger than 130 bytes");
    const auto to_origin = stage.seen_by_origin();
    REQUIRE(to_origin.size() == 2);
    CHECK(to_origin[0].payload.size() == 130);
    CHECK(to_origin[1].code() == CloseCode::going_away);
    CHECK(stage.session().relay().end()->cause == Cause::message_too_big);
    CHECK(stage.session().relay().end()->by == By::client);
    CHECK(limited_sessions(stage) == 1);
    CHECK(stage.counters().protocol_errors[0].value() == 0);
  });
}

TEST_CASE("session: the close line names the limit, whose message it was, and of what kind") {
  AccessFile client;
  {
    SessionStage stage({.settings = limited(8192, 0), .access = &client.log()});
    stage.client.send(from_client(Opcode::text, std::string(8193, 'x')));
  }
  CHECK(client.lines().back()["close_reason"] ==
        "text message of more than 8192 bytes from the client");
  AccessFile origin;
  {
    SessionStage stage({.settings = limited(8192, 125), .access = &origin.log()});
    stage.origin.send(from_origin(Opcode::binary, std::string(126, 'x')));
  }
  CHECK(origin.lines().back()["close_reason"] ==
        "binary message of more than 125 bytes from the origin");
}

TEST_CASE("relay: an origin's message that is too large is none of the client's fault") {
  SessionStage stage({.settings = limited(0, 65'536)});
  stage.origin.send(from_origin(Opcode::text, std::string(70'000, 'x')));
  stage.origin.send(from_origin(Opcode::binary, std::string(65'536, 'x')));
  CHECK(stage.seen_by_client().size() == 2);
  stage.origin.send(from_origin(Opcode::binary, std::string(65'537, 'x')));
  stage.client.send(client_close(CloseCode::going_away));
  const auto to_origin = stage.seen_by_origin();
  REQUIRE(to_origin.size() == 1);
  CHECK(to_origin[0].code() == CloseCode::message_too_big);
  CHECK(to_origin[0].reason() == "message larger than 65536 bytes");
  const auto to_client = stage.seen_by_client();
  REQUIRE(to_client.size() == 3);
  CHECK(to_client[2].code() == CloseCode::going_away);
  CHECK(stage.session().relay().end()->by == By::origin);
  CHECK(stage.counters().protocol_errors[1].value() == 0);
  stage.origin.end();
  stage.pass(std::chrono::minutes(1));
  CHECK(stage.ends(By::origin, Cause::message_too_big) == 1);
}

TEST_CASE("relay: the fragments of a message are one, and both Closes may stand between them") {
  SessionStage stage({.settings = limited(8192, 8192)});
  Wire first = from_client(Opcode::text, std::string(5000, 'x'));
  first[0] &= 0x7f;
  stage.client.send(first);
  stage.client.send(from_client(Opcode::continuation, std::string(3193, 'x')));
  stage.origin.send(origin_close(CloseCode::going_away));
  CHECK(stage.seen_by_client().back().code() == CloseCode::message_too_big);
  const auto to_origin = stage.seen_by_origin();
  REQUIRE(to_origin.size() == 2);
  CHECK(to_origin[0].payload.size() == 5000);
  CHECK(to_origin[1].code() == CloseCode::going_away);
}

TEST_CASE("relay: an origin's own 1009 passes as it is") {
  SessionStage stage({.settings = limited(8192, 8192)});
  const Wire close = origin_close(CloseCode::message_too_big, "too large for the buffer");
  stage.origin.send(close);
  CHECK(stage.client.received() == close);
  CHECK(stage.session().relay().end()->cause == Cause::origin_close);
  CHECK(limited_sessions(stage) == 0);
  CHECK(stage.counters().close_codes[1][gateway::metrics::close_slot(1009)].value() == 1);
}
