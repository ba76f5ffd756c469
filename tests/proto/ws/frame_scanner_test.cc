#include "proto/ws/frame_scanner.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "proto/ws/frame_writer.h"
#include "tests/support/cuts.h"
#include "tests/support/wire.h"

namespace ws = proto::ws;
using tests::operator""_wire;
using Wire = std::vector<uint8_t>;
using Options = ws::FrameScanner::Options;

namespace {

constexpr ws::MaskingKey kKey{0x37, 0xfa, 0x21, 0x3d};

// All that a direction showed, as its reader would add it up.
struct Seen {
  Wire forwarded;
  Wire with_pongs;  // the same, the pongs that were taken out in their places
  std::vector<std::string> pongs;
  ws::Counts counts;
  std::optional<ws::Close> close;
  std::optional<ws::Violation> violation;
  bool at_boundary = true;
  bool closed = false;

  void forward(proto::Bytes bytes) {
    forwarded.insert(forwarded.end(), bytes.begin(), bytes.end());
    with_pongs.insert(with_pongs.end(), bytes.begin(), bytes.end());
  }
};

void add(ws::Counts& sum, const ws::Counts& seen) {
  sum.payload_bytes += seen.payload_bytes;
  sum.text_messages += seen.text_messages;
  sum.binary_messages += seen.binary_messages;
  sum.data_frames += seen.data_frames;
  sum.close_frames += seen.close_frames;
  sum.ping_frames += seen.ping_frames;
  sum.pong_frames += seen.pong_frames;
  sum.largest_message = std::max(sum.largest_message, seen.largest_message);
  sum.units_2k += seen.units_2k;
  sum.units_32k += seen.units_32k;
}

void feed(ws::FrameScanner& scanner, proto::Bytes in, Seen& seen) {
  do {
    const auto scan = scanner.scan(in);
    seen.forward(scan.carry);
    seen.forward(scan.ready);
    add(seen.counts, scan.seen);
    if (scan.close) seen.close = scan.close;
    if (scan.violation) seen.violation = scan.violation;
    if (scan.pong) {
      const auto& pong = *scan.pong;
      seen.with_pongs.insert(seen.with_pongs.end(), pong.frame.begin(), pong.frame.end());
      seen.pongs.emplace_back(pong.payload.begin(), pong.payload.begin() + pong.payload_size);
    }
    in = scan.rest;
  } while (!in.empty());
}

Seen scan_pieces(const tests::Pieces& pieces, const Options& options, bool watch) {
  ws::FrameScanner scanner(options);
  scanner.watch_pongs(watch);
  Seen seen;
  for (proto::Bytes piece : pieces) feed(scanner, piece, seen);
  seen.at_boundary = scanner.at_boundary();
  seen.closed = scanner.closed();
  return seen;
}

// Scans under all cuts, checks that none makes a difference, and returns what was seen.
Seen scan_all(const Wire& wire, const Options& options, bool watch = false) {
  const Seen whole = scan_pieces({wire}, options, watch);
  tests::for_each_cut(wire, [&](const tests::Pieces& pieces) {
    const Seen cut = scan_pieces(pieces, options, watch);
    CHECK(cut.forwarded == whole.forwarded);
    CHECK(cut.with_pongs == whole.with_pongs);
    CHECK(cut.pongs == whole.pongs);
    CHECK((cut.counts == whole.counts));
    CHECK(cut.close.has_value() == whole.close.has_value());
    CHECK(cut.violation.has_value() == whole.violation.has_value());
    if (cut.violation && whole.violation) CHECK(cut.violation->why == whole.violation->why);
    CHECK(cut.at_boundary == whole.at_boundary);
    CHECK(cut.closed == whole.closed);
  });
  return whole;
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
  const Seen one = scan_all(text, {ws::Sender::server});
  CHECK(one.forwarded == text);
  CHECK(one.counts.text_messages == 1);
  CHECK(one.counts.payload_bytes == 5);
  CHECK(one.at_boundary);

  const Wire fragments = "01 03 48656c 89 05 48656c6c6f 80 02 6c6f"_wire;
  const Seen two = scan_all(fragments, {ws::Sender::server});
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
    const Seen seen = scan_all(wire, {ws::Sender::client});
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
      const Seen seen = scan_all(before + bad + before, {sender});
      REQUIRE(seen.violation);
      CHECK_FALSE(seen.violation->why.empty());
      CHECK(seen.violation->why.size() <= ws::kMaxCloseReason);
      CHECK(seen.forwarded == before);
      CHECK(seen.at_boundary);
      CHECK_FALSE(seen.closed);
    }
  }
}

TEST_CASE("frame scanner: a new message inside a fragmented one is refused") {
  const Seen seen = scan_all("01 01 61 81 01 62"_wire, {ws::Sender::server});
  REQUIRE(seen.violation);
  CHECK(seen.violation->code == ws::CloseCode::protocol_error);
  CHECK(seen.forwarded == "01 01 61"_wire);
}

TEST_CASE("frame scanner: refuses after two octets, without waiting for the header") {
  ws::FrameScanner scanner({ws::Sender::client});
  CHECK(scanner.scan("83 ff"_wire).violation);
  ws::FrameScanner split({ws::Sender::client});
  CHECK_FALSE(split.scan("83"_wire).violation);
  CHECK(split.scan("ff"_wire).violation);
  CHECK(split.scan("00"_wire).ready.empty());
}

TEST_CASE("frame scanner: a Close is shown when whole, and nothing passes after it") {
  for (const std::string& reason : {std::string(), std::string("bye"), std::string(123, 'r')}) {
    for (ws::Sender sender : {ws::Sender::client, ws::Sender::server}) {
      const Wire text = raw(sender, 0x82, "data");
      const auto close =
          octets(ws::close_frame(static_cast<ws::CloseCode>(4001), reason, key_of(sender)));
      const Seen seen = scan_all(text + close + text, {sender});
      CHECK(seen.forwarded == text + close);
      REQUIRE(seen.close);
      CHECK(seen.close->code == static_cast<ws::CloseCode>(4001));
      CHECK(seen.close->reason == reason);
      CHECK(seen.closed);
      CHECK(seen.counts.close_frames == 1);
      CHECK(seen.counts.data_frames == 1);
    }
  }
  CHECK(scan_all("88 00"_wire, {ws::Sender::server}).close->code == ws::CloseCode::no_status);
}

TEST_CASE("frame scanner: a bad Close says whether it broke the protocol or the encoding") {
  CHECK(scan_all("88 02 03ed"_wire, {ws::Sender::server}).violation->code ==
        ws::CloseCode::protocol_error);
  CHECK(scan_all("88 03 03e8ff"_wire, {ws::Sender::server}).violation->code ==
        ws::CloseCode::invalid_payload);
}

TEST_CASE("frame scanner: watched pongs are taken out, and their frames are the missing octets") {
  const Wire wire = masked(ws::Opcode::text, "a") + masked(ws::Opcode::pong, "first") +
                    masked(ws::Opcode::pong, "") + masked(ws::Opcode::ping, "ping") +
                    masked(ws::Opcode::pong, std::string(125, 'p')) +
                    masked(ws::Opcode::binary, "bb");
  const Seen seen = scan_all(wire, {ws::Sender::client}, true);
  CHECK(seen.with_pongs == wire);
  CHECK(seen.pongs == std::vector<std::string>{"first", "", std::string(125, 'p')});
  CHECK(seen.counts.pong_frames == 3);
  CHECK(seen.forwarded == masked(ws::Opcode::text, "a") + masked(ws::Opcode::ping, "ping") +
                              masked(ws::Opcode::binary, "bb"));

  const Seen untouched = scan_all(wire, {ws::Sender::client}, false);
  CHECK(untouched.forwarded == wire);
  CHECK(untouched.pongs.empty());
  CHECK(untouched.counts.pong_frames == 3);
}

TEST_CASE("frame scanner: a pong between fragments and a Close after it") {
  const Wire wire = "01 01 61 8a 02 7071 80 01 62 8a 01 72 88 02 03e8"_wire;
  const Seen seen = scan_all(wire, {ws::Sender::server}, true);
  CHECK(seen.with_pongs == wire);
  CHECK(seen.counts.text_messages == 1);
  CHECK(seen.closed);
}

TEST_CASE("frame scanner: watching starts and ends with the next frame") {
  ws::FrameScanner scanner({ws::Sender::server});
  CHECK(scanner.scan("8a 02 70"_wire).ready.size() == 3);
  scanner.watch_pongs(true);
  CHECK(scanner.scan("71"_wire).ready.size() == 1);
  CHECK(scanner.scan("8a 02 70"_wire).ready.empty());
  scanner.watch_pongs(false);
  CHECK(scanner.scan("71"_wire).pong != nullptr);
  CHECK(scanner.scan("8a 00"_wire).ready.size() == 2);
}

TEST_CASE("frame scanner: knows its boundary by what was forwarded, not by what it holds") {
  ws::FrameScanner scanner({ws::Sender::server});
  CHECK(scanner.at_boundary());
  CHECK(scanner.scan("81 01 61 82 7e"_wire).ready.size() == 3);
  CHECK(scanner.at_boundary());
  const auto scan = scanner.scan("0100"_wire);
  CHECK(Wire(scan.carry.begin(), scan.carry.end()) == "82 7e"_wire);
  CHECK_FALSE(scanner.at_boundary());
  CHECK(scanner.scan(Wire(255)).ready.size() == 255);
  CHECK_FALSE(scanner.at_boundary());
  CHECK(scanner.scan("00"_wire).ready.size() == 1);
  CHECK(scanner.at_boundary());
  CHECK(scanner.scan("88 05 03e8"_wire).ready.empty());
  CHECK(scanner.at_boundary());
}

TEST_CASE("frame scanner: the carry stays whole while the next header is being held") {
  ws::FrameScanner scanner({ws::Sender::server});
  CHECK(scanner.scan("82"_wire).ready.empty());
  for (int i = 0; i < 5; ++i) {
    const auto scan = scanner.scan("01 61 82"_wire);
    CHECK(Wire(scan.carry.begin(), scan.carry.end()) == "82"_wire);
    CHECK(scan.ready.size() == 2);
  }
}

TEST_CASE("frame scanner: payload is counted as it passes, the largest message while it does") {
  ws::FrameScanner scanner({ws::Sender::server});
  const auto first = scanner.scan("02 05 6161"_wire);
  CHECK(first.seen.data_frames == 1);
  CHECK(first.seen.payload_bytes == 2);
  CHECK(first.seen.largest_message == 2);
  CHECK(first.seen.binary_messages == 0);
  const auto second = scanner.scan("616161 80 02 6161"_wire);
  CHECK(second.seen.payload_bytes == 5);
  CHECK(second.seen.largest_message == 7);
  CHECK(second.seen.binary_messages == 1);
}

TEST_CASE("frame scanner: F2, a million one-octet fragments leave nothing behind") {
  static_assert(sizeof(ws::FrameScanner) <= 64);
  ws::FrameScanner scanner({ws::Sender::server});
  Wire block = "01 01 61"_wire;
  CHECK(scanner.scan(block).ready.size() == 3);
  Wire fragments;
  for (int i = 0; i < 1000; ++i) fragments = std::move(fragments) + "00 01 61"_wire;
  ws::Counts counts;
  for (int i = 0; i < 1000; ++i) add(counts, scanner.scan(fragments).seen);
  CHECK(counts.data_frames == 1000000);
  CHECK(counts.largest_message == 1000001);
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
    ws::FrameScanner scanner({ws::Sender::client});
    const auto seen = scanner.scan(masked(ws::Opcode::binary, std::string(size, 'x'))).seen;
    return std::pair(seen.units_2k, seen.units_32k);
  };
  CHECK(large(32'768) == std::pair<uint64_t, uint64_t>(16, 1));
  CHECK(large(32'769) == std::pair<uint64_t, uint64_t>(17, 2));

  // 2,000 and 100 octets in two fragments, with a ping between them, that is in no unit.
  ws::FrameScanner scanner({ws::Sender::server});
  Wire fragments = "02 7e 07d0"_wire + Wire(2000, 'x') + "89 00"_wire;
  CHECK(scanner.scan(fragments).seen.units_2k == 0);
  fragments = "80 64"_wire + Wire(100, 'x');
  const auto seen = scanner.scan(fragments).seen;
  CHECK(seen.units_2k == 2);
  CHECK(seen.units_32k == 1);
}

TEST_CASE("frame scanner: can be moved in the middle of a frame") {
  ws::FrameScanner scanner({ws::Sender::server});
  CHECK(scanner.scan("88 05 03e8"_wire).ready.empty());
  ws::FrameScanner moved = std::move(scanner);
  CHECK(moved.scan("627965"_wire).close->reason == "bye");
}
