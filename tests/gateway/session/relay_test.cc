#include "gateway/session/relay.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/cuts.h"
#include "tests/support/session_stage.h"
#include "tests/support/wire.h"

using namespace tests;
using namespace std::chrono_literals;
using gateway::usage::Field;
using proto::ws::CloseCode;
using proto::ws::Opcode;
using Wire = std::vector<uint8_t>;

namespace {

Wire operator+(Wire a, const Wire& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace

TEST_CASE("relay: forwards both directions unchanged, whatever the cut") {
  // RFC 6455 §5.7: a masked "Hello", and one in two fragments with a Ping between them.
  const Wire up = "81 85 37fa213d 7f9f4d5158"_wire + from_client(Opcode::ping, "?");
  const Wire down = "01 03 48656c 89 05 48656c6c6f 80 02 6c6f"_wire;
  for_each_cut(up, [&](const Pieces& pieces) {
    SessionStage stage;
    for (const proto::Bytes piece : pieces) stage.client.send(piece);
    CHECK(stage.origin.received() == up);
  });
  for_each_cut(down, [&](const Pieces& pieces) {
    SessionStage stage;
    for (const proto::Bytes piece : pieces) stage.origin.send(piece);
    CHECK(stage.client.received() == down);
  });
}

TEST_CASE("relay: begins with what was read beyond the heads") {
  const Wire up = from_client(Opcode::text, "early");
  const Wire down = from_origin(Opcode::text, "welcome");
  SessionStage stage({.from_client = up, .from_origin = down});
  CHECK(stage.origin.received() == up);
  CHECK(stage.client.received() == down);
  CHECK(stage.metered(Field::client_bytes_in) == up.size());
  CHECK(stage.origin_traffic().bytes_in.value() == down.size());
}

TEST_CASE("relay: a Close glued to the 101 ends a session that has just begun") {
  SessionStage stage({.from_client = from_client(Opcode::text, "early"),
                      .from_origin = origin_close(CloseCode::try_again_later)});
  CHECK(stage.client.received() == origin_close(CloseCode::try_again_later));
  CHECK(stage.origin.received() == from_client(Opcode::text, "early"));
}

TEST_CASE("relay: what it counts is the arithmetic of frames") {
  SessionStage stage;
  const std::string small(125, 's');
  const std::string middle(126, 'm');
  const std::string large(65'536, 'l');
  for (const std::string& payload : {small, middle, large}) {
    stage.client.send(from_client(Opcode::text, payload));
    stage.origin.send(from_origin(Opcode::binary, payload));
  }
  stage.client.send(from_client(Opcode::ping, "1234"));
  stage.origin.send(from_origin(Opcode::pong, "1234"));
  const uint64_t payload = small.size() + middle.size() + large.size();
  const uint64_t down = payload + 2 + 4 + 10 + 6;
  const uint64_t up = down + 4 * 4;  // each frame has a masking key
  CHECK(stage.metered(Field::client_bytes_in) == up);
  CHECK(stage.origin_traffic().bytes_out.value() == up);
  CHECK(stage.origin_traffic().bytes_in.value() == down);
  CHECK(stage.metered(Field::client_bytes_out) == down);
  CHECK(stage.metered(Field::client_payload_in) == payload);
  CHECK(stage.metered(Field::origin_payload_in) == payload);
  CHECK(stage.metered(Field::text_messages_in) == 3);
  CHECK(stage.metered(Field::binary_messages_in) == 0);
  CHECK(stage.metered(Field::binary_messages_out) == 3);
  CHECK(stage.metered(Field::data_frames_in) == 3);
  CHECK(stage.metered(Field::ping_frames_in) == 1);
  CHECK(stage.metered(Field::pong_frames_out) == 1);
  const gateway::session::Relay& relay = stage.session().relay();
  CHECK(relay.client().ledger.bytes_in() == up);
  CHECK(relay.client().ledger.taken() == down);
  CHECK(relay.origin().ledger.bytes_in() == down);
  CHECK(relay.origin().ledger.taken() == up);
  CHECK(relay.client().scanner.counts().largest_message == large.size());
}

TEST_CASE(
    "relay: pauses the source of a leg that does not read, and resumes it when that has drained") {
  SessionStage stage;
  stage.client.set_room(10);
  stage.origin.send(from_origin(Opcode::text, std::string(100, 'x')));
  CHECK(stage.origin.paused());
  CHECK_FALSE(stage.client.paused());
  CHECK(stage.client.received().size() == 10);
  stage.origin.send(from_origin(Opcode::text, "later"));
  CHECK(stage.origin.unread() == 1);
  CHECK(stage.client.queued() == 92);

  stage.client.take(50);
  CHECK(stage.origin.paused());
  stage.client.take();
  CHECK_FALSE(stage.origin.paused());
  stage.origin.pump();
  CHECK(stage.seen_by_client().size() == 2);
  CHECK(stage.counters().pauses[1].value() == 1);
  CHECK(stage.counters().pauses[0].value() == 0);
}

TEST_CASE("relay: a read that comes in spite of the pause is queued, and counts one pause") {
  SessionStage stage;
  stage.client.set_room(0);
  const Wire frame = from_origin(Opcode::text, "x");
  stage.origin.send(frame);
  REQUIRE(stage.origin.paused());
  stage.origin.send_despite_pause(frame);
  CHECK(stage.client.queued() == 2 * frame.size());
  CHECK(stage.counters().pauses[1].value() == 1);
}

TEST_CASE("relay: each direction is held up alone") {
  SessionStage stage;
  stage.client.set_room(0);
  stage.origin.send(from_origin(Opcode::text, "x"));
  stage.client.send(from_client(Opcode::text, "y"));
  CHECK(stage.seen_by_origin().size() == 1);
  CHECK(stage.origin.paused());
  CHECK_FALSE(stage.client.paused());
}

TEST_CASE("relay: bytes out count when they are taken, not before") {
  SessionStage stage;
  stage.client.set_room(10);
  const Wire frame = from_origin(Opcode::binary, std::string(98, 'x'));
  stage.origin.send(frame);
  CHECK(stage.origin_traffic().bytes_in.value() == 100);
  CHECK(stage.metered(Field::client_bytes_out) == 10);
  stage.client.take();
  CHECK(stage.metered(Field::client_bytes_out) == 100);
}

TEST_CASE("relay: bytes that were lost with the connection do not count as sent") {
  SessionStage stage;
  stage.client.set_room(10);
  stage.origin.send(from_origin(Opcode::binary, std::string(98, 'x')));
  stage.client.fail();
  CHECK(stage.metered(Field::client_bytes_out) == 10);
  CHECK(stage.session().relay().client().ledger.taken() == 10);
}

TEST_CASE("relay: an end while the queue stands does not count the queue as sent") {
  SessionStage stage;
  stage.client.set_room(10);
  stage.origin.send(from_origin(Opcode::binary, std::string(98, 'x')));
  stage.session().abort();
  CHECK(stage.ended());
  CHECK(stage.client.saw_reset());
  CHECK(stage.metered(Field::client_bytes_out) == 10);
}

namespace {

struct Offence {
  const char* rule;
  Wire by_client;
  Wire by_origin;
};

// The code of the Close at the end of the wire. A message may stand open before it: a Close may
// come between fragments (§5.4).
CloseCode last_close(proto::Bytes wire, proto::ws::Sender sender) {
  const auto frames = read_frames(wire, sender);
  REQUIRE_FALSE(frames.empty());
  REQUIRE(frames.back().opcode == Opcode::close);
  return frames.back().code();
}

// The same offence in both roles: masked as a client must, unmasked as an origin must, except where
// masking is the offence.
const std::vector<Offence>& offences() {
  static const std::vector<Offence> kAll{
      {"masking, §5.1", "81 01 78"_wire, "81 81 00000000 78"_wire},
      {"RSV1 without an extension, §5.2", "c1 81 00000000 78"_wire, "c1 01 78"_wire},
      {"RSV2, §5.2", "a1 81 00000000 78"_wire, "a1 01 78"_wire},
      {"RSV3, §5.2", "91 81 00000000 78"_wire, "91 01 78"_wire},
      {"reserved data opcode, §5.2", "83 80 00000000"_wire, "83 00"_wire},
      {"reserved control opcode, §5.2", "8b 80 00000000"_wire, "8b 00"_wire},
      {"fragmented control frame, §5.5", "09 80 00000000"_wire, "09 00"_wire},
      {"control frame over 125, §5.5", "89 fe 007e 00000000"_wire, "89 7e 007e"_wire},
      {"continuation of nothing, §5.4", "80 80 00000000"_wire, "80 00"_wire},
      {"message within a message, §5.4", "01 81 00000000 78 81 80 00000000"_wire,
       "01 01 78 81 00"_wire},
      {"16-bit length that fits in 7, §5.2", "81 fe 007d 00000000"_wire, "81 7e 007d"_wire},
      {"64-bit length that fits in 16, §5.2", "82 ff 000000000000ffff 00000000"_wire,
       "82 7f 000000000000ffff"_wire},
      {"64-bit length with its top bit, §5.2", "82 ff 8000000000000000 00000000"_wire,
       "82 7f 8000000000000000"_wire},
      {"Close of one octet, §5.5.1", "88 81 00000000 03"_wire, "88 01 03"_wire},
      {"Close with 1005, §7.4.1", "88 82 00000000 03ed"_wire, "88 02 03ed"_wire},
  };
  return kAll;
}

}  // namespace

TEST_CASE("relay: a client that breaks the protocol is told 1002, the origin that it is over") {
  for (const Offence& offence : offences()) {
    CAPTURE(offence.rule);
    SessionStage stage;
    stage.client.send(offence.by_client);
    stage.origin.send(origin_close(CloseCode::going_away));
    REQUIRE(stage.seen_by_client().size() == 1);
    CHECK(stage.seen_by_client().back().code() == CloseCode::protocol_error);
    CHECK(last_close(stage.origin.received(), proto::ws::Sender::client) == CloseCode::going_away);
    CHECK(stage.counters().protocol_errors[0].value() == 1);
    CHECK(stage.counters().protocol_errors[1].value() == 0);
  }
}

TEST_CASE("relay: an origin that breaks the protocol is told 1002, the client 1011") {
  for (const Offence& offence : offences()) {
    CAPTURE(offence.rule);
    SessionStage stage;
    stage.origin.send(offence.by_origin);
    stage.client.send(client_close(CloseCode::internal_error));
    REQUIRE(stage.seen_by_origin().size() == 1);
    CHECK(stage.seen_by_origin().back().masked);
    CHECK(stage.seen_by_origin().back().code() == CloseCode::protocol_error);
    CHECK(last_close(stage.client.received(), proto::ws::Sender::server) ==
          CloseCode::internal_error);
    CHECK(stage.counters().protocol_errors[0].value() == 0);
    CHECK(stage.counters().protocol_errors[1].value() == 1);
  }
}

TEST_CASE("relay: a reason that is not UTF-8 is 1007") {
  SessionStage stage;
  stage.client.send("88 83 00000000 03e8ff"_wire);
  stage.origin.send(origin_close(CloseCode::going_away));
  REQUIRE(stage.seen_by_client().size() == 1);
  CHECK(stage.seen_by_client().front().code() == CloseCode::invalid_payload);
}

TEST_CASE("relay: RSV1 may stand where permessage-deflate was agreed") {
  SessionStage stage({.permessage_deflate = true});
  stage.client.send("c1 81 00000000 78"_wire);
  CHECK(stage.origin.received() == "c1 81 00000000 78"_wire);
}

TEST_CASE("relay: of a frame that offends nothing is forwarded, however it was cut") {
  for (const Offence& offence : offences()) {
    CAPTURE(offence.rule);
    for_each_cut(offence.by_client, [&](const Pieces& pieces) {
      SessionStage stage;
      for (const proto::Bytes piece : pieces) stage.client.send(piece);
      const auto frames = stage.seen_by_origin();
      REQUIRE_FALSE(frames.empty());
      CHECK(frames.back().opcode == Opcode::close);
    });
  }
}
