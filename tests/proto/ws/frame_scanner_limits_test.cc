#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "proto/ws/frame_writer.h"
#include "tests/support/cuts.h"
#include "tests/support/frames.h"
#include "tests/support/scanning.h"
#include "tests/support/wire.h"

namespace ws = proto::ws;
using tests::operator""_wire;
using ws::Opcode;
using ws::Sender;
using Wire = std::vector<uint8_t>;
using tests::Scanned;
using Options = ws::FrameScanner::Options;

namespace {

Wire operator+(Wire a, const Wire& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Scanned scan_pieces(const tests::Pieces& pieces, const Options& options) {
  tests::Scanning scanning(options);
  for (const proto::Bytes piece : pieces) scanning.feed(piece);
  return scanning.scanned();
}

Scanned scan_all(const Wire& wire, const Options& options) {
  const Scanned whole = scan_pieces({wire}, options);
  tests::for_each_cut(
      wire, [&](const tests::Pieces& pieces) { CHECK((scan_pieces(pieces, options) == whole)); });
  return whole;
}

Wire message(Sender sender, Opcode opcode, size_t size) {
  const std::string payload(size, 'x');
  return sender == Sender::client ? tests::from_client(opcode, payload)
                                  : tests::from_origin(opcode, payload);
}

// The same as the beginning of a message that goes on.
Wire begun(Wire frame) {
  frame[0] &= 0x7f;
  return frame;
}

}  // namespace

TEST_CASE("frame scanner limits: a message of the limit passes, one octet more is refused") {
  for (const Sender sender : {Sender::client, Sender::server}) {
    const Options options{.sender = sender, .limits = {.text = 130, .binary = 300}};
    const Wire good = message(sender, Opcode::text, 130) + message(sender, Opcode::binary, 300) +
                      message(sender, Opcode::text, 0);
    const Scanned passed = scan_all(good, options);
    CHECK(passed.forwarded == good);
    CHECK_FALSE(passed.violation);

    const Scanned text = scan_all(good + message(sender, Opcode::text, 131) + good, options);
    REQUIRE(text.violation);
    CHECK(text.violation == ws::CloseCode::message_too_big);
    CHECK(text.exceeded == 130);
    CHECK(text.exceeding == Opcode::text);
    CHECK(text.forwarded == good);
    CHECK(text.at_boundary);

    const Scanned binary = scan_all(good + message(sender, Opcode::binary, 301), options);
    REQUIRE(binary.violation);
    CHECK(binary.exceeded == 300);
    CHECK(binary.exceeding == Opcode::binary);
    CHECK(binary.forwarded == good);
  }
}

TEST_CASE("frame scanner limits: the fragments of a message count together") {
  const Options options{.sender = Sender::server, .limits = {.text = 200, .binary = 0}};
  const Wire first = begun(message(Sender::server, Opcode::text, 150));
  const Wire ping = message(Sender::server, Opcode::ping, 100);
  const Wire passed = first + ping + message(Sender::server, Opcode::continuation, 50);
  // A limit holds for each message anew, and says nothing of the other kind.
  const Wire all = passed + passed + message(Sender::server, Opcode::binary, 250);
  CHECK(scan_all(all, options).forwarded == all);

  const Scanned seen =
      scan_all(first + ping + message(Sender::server, Opcode::continuation, 51), options);
  REQUIRE(seen.violation);
  CHECK(seen.exceeded == 200);
  CHECK(seen.exceeding == Opcode::text);
  CHECK(seen.forwarded == first + ping);
  CHECK(seen.counts.payload_bytes == 150);
  // A Close may stand between the fragments.
  CHECK(seen.at_boundary);
}

TEST_CASE("frame scanner limits: empty fragments pass at the limit, without end") {
  const Options options{.sender = Sender::server, .limits = {.text = 0, .binary = 125}};
  Wire wire = begun(message(Sender::server, Opcode::binary, 125));
  for (int i = 0; i < 20; ++i)
    wire = std::move(wire) + begun(message(Sender::server, Opcode::continuation, 0));
  CHECK(scan_all(wire, options).forwarded == wire);
  CHECK(scan_all(wire + "80 01"_wire, options).exceeded == 125);
}

TEST_CASE("frame scanner limits: what a header announces is enough, and no length wraps around") {
  const Options options{.sender = Sender::server, .limits = {.text = 125, .binary = 0xffff'ffff}};
  // Nothing of the payload has come.
  CHECK(scan_all("81 7e 007e"_wire, options).exceeded == 125);
  CHECK(scan_all("82 7f 7fffffffffffffff"_wire, options).exceeded == 0xffff'ffff);
  CHECK(scan_all("82 7f 0000000100000000"_wire, options).exceeded == 0xffff'ffff);
  CHECK(scan_all("02 01 61 80 7f 7fffffffffffffff"_wire, options).exceeded == 0xffff'ffff);
  CHECK_FALSE(scan_all("82 7f 00000000ffffffff"_wire, options).violation);
}

TEST_CASE("frame scanner limits: compressed payload counts as it is sent") {
  const Wire hello = "c1 07 f248cdc9c90700"_wire;  // RFC 7692 §7.2.3.1
  CHECK(scan_all(hello, {Sender::server, true, {.text = 7}}).forwarded == hello);
  CHECK(scan_all(hello, {Sender::server, true, {.text = 6}}).exceeded == 6);
}

TEST_CASE("frame scanner limits: another violation is not taken for this one") {
  const Scanned seen = scan_all("83 7e 00ff"_wire, {Sender::server, false, {.text = 125}});
  REQUIRE(seen.violation);
  CHECK(seen.violation == ws::CloseCode::protocol_error);
  CHECK(seen.exceeded == 0);
}
