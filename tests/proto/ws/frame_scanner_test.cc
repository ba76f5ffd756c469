#include "proto/ws/frame_scanner.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "proto/ws/frame_writer.h"
#include "tests/support/cuts.h"
#include "tests/support/scanning.h"
#include "tests/support/wire.h"

namespace ws = proto::ws;
using tests::operator""_wire;
using Wire = std::vector<uint8_t>;
using Options = ws::FrameScanner::Options;
using Event = ws::FrameScanner::Event;
using tests::Scanned;

namespace {

constexpr ws::MaskingKey kKey{0x37, 0xfa, 0x21, 0x3d};

Scanned scan_pieces(const tests::Pieces& pieces, const Options& options, bool watch) {
  tests::Scanning scanning(options, watch);
  for (const proto::Bytes piece : pieces) scanning.feed(piece);
  return scanning.scanned();
}

// Scans under all cuts, checks that none makes a difference, and returns what was seen.
Scanned scan_all(const Wire& wire, const Options& options, bool watch = false) {
  const Scanned whole = scan_pieces({wire}, options, watch);
  tests::for_each_cut(wire, [&](const tests::Pieces& pieces) {
    CHECK((scan_pieces(pieces, options, watch) == whole));
  });
  return whole;
}

// One call, as long as all of the input is taken by it.
Event scan_once(ws::FrameScanner& scanner, proto::Bytes in) {
  const Event event = scanner.scan(in);
  CHECK(in.empty());
  return event;
}

Wire operator+(Wire a, const Wire& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Wire octets(const std::string& text) { return {text.begin(), text.end()}; }

std::optional<ws::MaskingKey> key_of(ws::Sender sender) {
  if (sender == ws::Sender::client) return kKey;
  return std::nullopt;
}

Wire masked(ws::Opcode opcode, const std::string& payload) {
  return octets(ws::frame(opcode, proto::bytes_of(payload), kKey));
}

// A frame header by hand, with as many octets of payload as it announces.
Wire raw(ws::Sender sender, uint8_t first, const std::string& payload) {
  std::string wire = ws::frame(ws::Opcode::text, proto::bytes_of(payload), key_of(sender));
  wire[0] = static_cast<char>(first);
  return octets(wire);
}

}  // namespace

TEST_CASE("frame scanner: RFC 6455 §5.7 examples pass unchanged and count") {
  const Wire text = "81 05 48656c6c6f"_wire;
  const Scanned one = scan_all(text, {ws::Sender::server});
  CHECK(one.forwarded == text);
  CHECK(one.counts.text_messages == 1);
  CHECK(one.counts.payload_bytes == 5);
  CHECK(one.at_boundary);

  const Wire fragments = "01 03 48656c 89 05 48656c6c6f 80 02 6c6f"_wire;
  const Scanned two = scan_all(fragments, {ws::Sender::server});
  CHECK(two.forwarded == fragments);
  CHECK(two.counts.text_messages == 1);
  CHECK(two.counts.data_frames == 2);
  CHECK(two.counts.ping_frames == 1);
  CHECK(two.counts.payload_bytes == 5);
  CHECK(two.counts.largest_message == 5);

  const Wire client = "81 85 37fa213d 7f9f4d5158"_wire;
  CHECK(scan_all(client, {ws::Sender::client}).forwarded == client);
}

TEST_CASE("frame scanner: every length form and empty frames pass under all cuts") {
  for (size_t size : {0, 1, 125, 126, 300}) {
    const Wire wire = masked(ws::Opcode::binary, std::string(size, 'x')) +
                      masked(ws::Opcode::text, "") + masked(ws::Opcode::pong, "p");
    const Scanned seen = scan_all(wire, {ws::Sender::client});
    CHECK(seen.forwarded == wire);
    CHECK(seen.counts.binary_messages == 1);
    CHECK(seen.counts.text_messages == 1);
    CHECK(seen.counts.pong_frames == 1);
    CHECK(seen.counts.largest_message == size);
  }
  const Wire large = masked(ws::Opcode::binary, std::string(65536, 'x'));
  for (size_t at : {1, 2, 9, 13, 14, 15, 65549}) {
    const tests::CutInput cut(large, {at});
    CHECK(scan_pieces(cut.pieces(), {ws::Sender::client}, false).forwarded == large);
  }
}

TEST_CASE("frame scanner: compressed messages pass where permessage-deflate was negotiated") {
  const Wire hello = "c1 07 f248cdc9c90700"_wire;  // RFC 7692 §7.2.3.1
  CHECK(scan_all(hello, {ws::Sender::server, true}).forwarded == hello);
  CHECK(scan_all(hello, {ws::Sender::server, false}).violation);
  const Wire fragments = "41 03 f248cd 80 04 c9c90700"_wire;
  CHECK(scan_all(fragments, {ws::Sender::server, true}).counts.text_messages == 1);
  CHECK(scan_all("41 01 f2 c0 01 00"_wire, {ws::Sender::server, true}).violation);
  CHECK(scan_all("c9 00"_wire, {ws::Sender::server, true}).violation);
}

TEST_CASE("frame scanner: refuses what RFC 6455 forbids, and forwards all that came before") {
  struct Rule {
    const char* name;
    Wire client;  // empty: the rule is only tested with the other sender
    Wire server;
  };
  const auto both = [](const char* name, uint8_t first, const std::string& payload) {
    return Rule{name, raw(ws::Sender::client, first, payload),
                raw(ws::Sender::server, first, payload)};
  };
  std::vector<Rule> rules = {
      {"mask direction", "81 00"_wire, "81 80 01020304"_wire},
      {"16-bit length not shortest", "82 fe 007d 01020304"_wire, "82 7e 007d"_wire},
      {"64-bit length not shortest", "82 ff 000000000000ffff 01020304"_wire,
       "82 7f 000000000000ffff"_wire},
      {"64-bit length with the top bit", "82 ff 8000000000000000 01020304"_wire,
       "82 7f ffffffffffffffff"_wire},
      {"control frame of 126", "89 fe 007e 01020304"_wire, "89 7e 007e"_wire},
      both("RSV1", 0xc1, "x"),
      both("RSV2", 0xa1, "x"),
      both("RSV3", 0x91, "x"),
      both("fragmented ping", 0x09, "x"),
      both("fragmented Close", 0x08, ""),
      both("continuation alone", 0x80, "x"),
      both("Close of one octet", 0x88, "x"),
      both("Close reason not UTF-8", 0x88, "\x03\xe8\xff"),
  };
  for (int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
    rules.push_back(both("reserved opcode", static_cast<uint8_t>(0x80 | opcode), "x"));
  }
  for (unsigned code : {0U, 999U, 1004U, 1005U, 1006U, 1015U, 1016U, 2999U, 5000U, 65535U}) {
    const std::string body{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
    rules.push_back(both("Close code", 0x88, body));
  }
  for (const Rule& rule : rules) {
    CAPTURE(rule.name);
    for (ws::Sender sender : {ws::Sender::client, ws::Sender::server}) {
      const Wire before = raw(sender, 0x81, "fine");
      const Wire& bad = sender == ws::Sender::client ? rule.client : rule.server;
      const Scanned seen = scan_all(before + bad + before, {sender});
      REQUIRE(seen.violation);
      CHECK_FALSE(seen.why.empty());
      CHECK(seen.why.size() <= ws::kMaxCloseReason);
      CHECK(seen.forwarded == before);
      CHECK(seen.at_boundary);
      CHECK_FALSE(seen.close_code);
    }
  }
}

TEST_CASE("frame scanner: a new message inside a fragmented one is refused") {
  const Scanned seen = scan_all("01 01 61 81 01 62"_wire, {ws::Sender::server});
  REQUIRE(seen.violation);
  CHECK(seen.violation == ws::CloseCode::protocol_error);
  CHECK(seen.forwarded == "01 01 61"_wire);
}

TEST_CASE("frame scanner: refuses after two octets, without waiting for the header") {
  ws::FrameScanner scanner({ws::Sender::client});
  CHECK(scan_once(scanner, "83 ff"_wire).what == Event::What::refused);
  ws::FrameScanner split({ws::Sender::client});
  CHECK(scan_once(split, "83"_wire).what == Event::What::passed);
  CHECK(split.offence() == nullptr);
  CHECK(scan_once(split, "ff"_wire).what == Event::What::refused);
  CHECK(split.offence()->violation.code == ws::CloseCode::protocol_error);
  CHECK(scan_once(split, "00"_wire).octets.empty());
}

TEST_CASE(
    "frame scanner: what needs attention is an event of its own, what came before it passes") {
  ws::FrameScanner scanner({ws::Sender::server});
  scanner.watch_pongs(true);
  const Wire wire = "81 01 61 8a 02 7071 81 01 62 88 02 03e8 81 01 63"_wire;
  proto::Bytes in = wire;
  const auto expect = [&](size_t size, Event::What what) {
    const proto::Bytes before = in;
    const Event event = scanner.scan(in);
    CHECK(event.what == what);
    CHECK(event.octets.size() == size);
    CHECK(event.octets.data() == before.data());
    CHECK(in.size() == before.size() - size);
  };
  expect(3, Event::What::passed);
  expect(4, Event::What::pong);
  CHECK(proto::text_of(scanner.pong()) == "pq");
  expect(3, Event::What::passed);
  expect(4, Event::What::closed);
  CHECK(scanner.close()->code == ws::CloseCode::normal);
  CHECK(scan_once(scanner, in).octets.empty());
  CHECK(scanner.counts().data_frames == 2);

  ws::FrameScanner other({ws::Sender::server});
  const Wire bad = "81 01 61 83 00 81 01 62"_wire;
  in = bad;
  CHECK(other.scan(in).octets.size() == 3);
  CHECK(other.offence() == nullptr);
  CHECK(other.scan(in).what == Event::What::refused);
  CHECK(in.empty());
}

TEST_CASE("frame scanner: a Close is shown when whole, and nothing passes after it") {
  for (const std::string& reason : {std::string(), std::string("bye"), std::string(123, 'r')}) {
    for (ws::Sender sender : {ws::Sender::client, ws::Sender::server}) {
      const Wire text = raw(sender, 0x82, "data");
      const auto close =
          octets(ws::close_frame(static_cast<ws::CloseCode>(4001), reason, key_of(sender)));
      const Scanned seen = scan_all(text + close + text, {sender});
      CHECK(seen.forwarded == text + close);
      CHECK(seen.close_code == static_cast<ws::CloseCode>(4001));
      CHECK(seen.close_reason == reason);
      CHECK(seen.counts.close_frames == 1);
      CHECK(seen.counts.data_frames == 1);
    }
  }
  CHECK(scan_all("88 00"_wire, {ws::Sender::server}).close_code == ws::CloseCode::no_status);
}

TEST_CASE("frame scanner: a bad Close says whether it broke the protocol or the encoding") {
  CHECK(scan_all("88 02 03ed"_wire, {ws::Sender::server}).violation ==
        ws::CloseCode::protocol_error);
  CHECK(scan_all("88 03 03e8ff"_wire, {ws::Sender::server}).violation ==
        ws::CloseCode::invalid_payload);
}

TEST_CASE("frame scanner: watched pongs are taken out, and their frames are the missing octets") {
  const Wire wire = masked(ws::Opcode::text, "a") + masked(ws::Opcode::pong, "first") +
                    masked(ws::Opcode::pong, "") + masked(ws::Opcode::ping, "ping") +
                    masked(ws::Opcode::pong, std::string(125, 'p')) +
                    masked(ws::Opcode::binary, "bb");
  const Scanned seen = scan_all(wire, {ws::Sender::client}, true);
  CHECK(seen.with_pongs == wire);
  CHECK(seen.pongs == std::vector<std::string>{"first", "", std::string(125, 'p')});
  CHECK(seen.counts.pong_frames == 3);
  CHECK(seen.forwarded == masked(ws::Opcode::text, "a") + masked(ws::Opcode::ping, "ping") +
                              masked(ws::Opcode::binary, "bb"));

  const Scanned untouched = scan_all(wire, {ws::Sender::client}, false);
  CHECK(untouched.forwarded == wire);
  CHECK(untouched.pongs.empty());
  CHECK(untouched.counts.pong_frames == 3);
}

TEST_CASE("frame scanner: a pong between fragments and a Close after it") {
  const Wire wire = "01 01 61 8a 02 7071 80 01 62 8a 01 72 88 02 03e8"_wire;
  const Scanned seen = scan_all(wire, {ws::Sender::server}, true);
  CHECK(seen.with_pongs == wire);
  CHECK(seen.counts.text_messages == 1);
  CHECK(seen.close_code == ws::CloseCode::normal);
}

TEST_CASE("frame scanner: a pong that is left out is not counted") {
  ws::FrameScanner scanner({ws::Sender::server});
  scanner.watch_pongs(true);
  CHECK(scan_once(scanner, "8a 00"_wire).what == Event::What::pong);
  CHECK(scan_once(scanner, "8a 01 70"_wire).what == Event::What::pong);
  CHECK(scanner.counts().pong_frames == 2);
  scanner.leave_out_pong();
  CHECK(scanner.counts().pong_frames == 1);
}

TEST_CASE("frame scanner: watching starts and ends with the next frame") {
  ws::FrameScanner scanner({ws::Sender::server});
  CHECK(scan_once(scanner, "8a 02 70"_wire).octets.size() == 3);
  scanner.watch_pongs(true);
  CHECK(scan_once(scanner, "71"_wire).octets.size() == 1);
  CHECK(scan_once(scanner, "8a 02 70"_wire).octets.empty());
  scanner.watch_pongs(false);
  CHECK(scan_once(scanner, "71"_wire).what == Event::What::pong);
  CHECK(scan_once(scanner, "8a 00"_wire).what == Event::What::passed);
}

TEST_CASE("frame scanner: knows its boundary by what was forwarded, not by what it holds") {
  ws::FrameScanner scanner({ws::Sender::server});
  CHECK(scanner.at_boundary());
  CHECK(scan_once(scanner, "81 01 61 82 7e"_wire).octets.size() == 3);
  CHECK(scanner.at_boundary());
  const Event event = scan_once(scanner, "0100"_wire);
  CHECK(Wire(event.octets.begin(), event.octets.end()) == "82 7e 0100"_wire);
  CHECK_FALSE(scanner.at_boundary());
  CHECK(scanner.left_of_frame() == 256);
  CHECK(scan_once(scanner, Wire(255)).octets.size() == 255);
  CHECK_FALSE(scanner.at_boundary());
  CHECK(scan_once(scanner, "00"_wire).octets.size() == 1);
  CHECK(scanner.at_boundary());
  CHECK(scan_once(scanner, "88 05 03e8"_wire).octets.empty());
  CHECK(scanner.at_boundary());
}

TEST_CASE("frame scanner: a header that came in pieces is forwarded whole, by itself") {
  ws::FrameScanner scanner({ws::Sender::server});
  CHECK(scan_once(scanner, "82"_wire).octets.empty());
  for (int i = 0; i < 5; ++i) {
    const Wire wire = "01 61 82"_wire;
    proto::Bytes in = wire;
    const Event header = scanner.scan(in);
    CHECK(Wire(header.octets.begin(), header.octets.end()) == "82 01"_wire);
    CHECK(in.size() == 2);
    CHECK_FALSE(scanner.at_boundary());
    CHECK(scanner.scan(in).octets.size() == 1);
    CHECK(in.empty());
  }
}

TEST_CASE("frame scanner: payload is counted as it passes, the largest message while it does") {
  ws::FrameScanner scanner({ws::Sender::server});
  const ws::Counts& counts = scanner.counts();
  CHECK(scan_once(scanner, "02 05 6161"_wire).octets.size() == 4);
  CHECK(counts.data_frames == 1);
  CHECK(counts.payload_bytes == 2);
  CHECK(counts.largest_message == 2);
  CHECK(counts.binary_messages == 0);
  CHECK(scan_once(scanner, "616161 80 02 6161"_wire).octets.size() == 7);
  CHECK(counts.payload_bytes == 7);
  CHECK(counts.largest_message == 7);
  CHECK(counts.binary_messages == 1);
}

TEST_CASE("frame scanner: F2, a million one-octet fragments leave nothing behind") {
  static_assert(sizeof(ws::FrameScanner) <= 56 + sizeof(ws::Counts));
  ws::FrameScanner scanner({ws::Sender::server});
  CHECK(scan_once(scanner, "01 01 61"_wire).octets.size() == 3);
  Wire fragments;
  for (int i = 0; i < 1000; ++i) fragments = std::move(fragments) + "00 01 61"_wire;
  for (int i = 0; i < 1000; ++i) CHECK(scan_once(scanner, fragments).octets.size() == 3000);
  CHECK(scanner.counts().data_frames == 1000001);
  CHECK(scanner.counts().largest_message == 1000001);
  CHECK(scanner.at_boundary());
}

TEST_CASE("frame scanner: messages count in started units, fragments of one together") {
  const auto units = [](size_t size) {
    const auto counts =
        scan_all(masked(ws::Opcode::binary, std::string(size, 'x')), {ws::Sender::client}).counts;
    return std::pair(counts.units_2k, counts.units_32k);
  };
  CHECK(units(0) == std::pair<uint64_t, uint64_t>(1, 1));
  CHECK(units(1) == std::pair<uint64_t, uint64_t>(1, 1));
  CHECK(units(2048) == std::pair<uint64_t, uint64_t>(1, 1));
  CHECK(units(2049) == std::pair<uint64_t, uint64_t>(2, 1));
  CHECK(units(4096) == std::pair<uint64_t, uint64_t>(2, 1));

  const auto large = [](size_t size) {
    const auto counts =
        scan_pieces({masked(ws::Opcode::binary, std::string(size, 'x'))}, {}, false).counts;
    return std::pair(counts.units_2k, counts.units_32k);
  };
  CHECK(large(32'768) == std::pair<uint64_t, uint64_t>(16, 1));
  CHECK(large(32'769) == std::pair<uint64_t, uint64_t>(17, 2));

  // 2,000 and 100 octets in two fragments, with a ping between them, that is in no unit.
  tests::Scanning scanning({ws::Sender::server});
  scanning.feed("02 7e 07d0"_wire + Wire(2000, 'x') + "89 00"_wire);
  CHECK(scanning.scanned().counts.units_2k == 0);
  scanning.feed("80 64"_wire + Wire(100, 'x'));
  CHECK(scanning.scanned().counts.units_2k == 2);
  CHECK(scanning.scanned().counts.units_32k == 1);
}

TEST_CASE("frame scanner: can be moved in the middle of a frame") {
  ws::FrameScanner scanner({ws::Sender::server});
  CHECK(scan_once(scanner, "88 05 03e8"_wire).octets.empty());
  ws::FrameScanner moved = std::move(scanner);
  CHECK(scan_once(moved, "627965"_wire).what == Event::What::closed);
  CHECK(moved.close()->reason == "bye");
}
