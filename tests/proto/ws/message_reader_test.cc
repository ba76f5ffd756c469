#include "proto/ws/message_reader.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "proto/ws/frame_writer.h"
#include "tests/support/cuts.h"
#include "tests/support/wire.h"

namespace ws = proto::ws;
using tests::operator""_wire;
using Wire = std::vector<uint8_t>;

namespace {

struct Describe {
  static std::string name(ws::Opcode opcode) {
    switch (opcode) {
      case ws::Opcode::text:
        return "text ";
      case ws::Opcode::binary:
        return "binary ";
      case ws::Opcode::ping:
        return "ping ";
      case ws::Opcode::pong:
        return "pong ";
      case ws::Opcode::continuation:
      case ws::Opcode::close:
        break;
    }
    return "? ";
  }
  std::string operator()(std::monostate) const { return ""; }
  std::string operator()(const ws::MessageReader::Message& one) const {
    return name(one.opcode) + one.payload;
  }
  std::string operator()(const ws::MessageReader::Control& one) const {
    return name(one.opcode) + one.payload;
  }
  std::string operator()(const ws::Close& one) const {
    return "close " + std::to_string(static_cast<int>(one.code)) + " " + one.reason;
  }
  std::string operator()(const ws::Violation& one) const {
    return "violation " + std::to_string(static_cast<int>(one.code));
  }
};

using Events = std::vector<std::string>;

Events read_pieces(const tests::Pieces& pieces, ws::Sender sender, uint64_t max_message) {
  ws::MessageReader reader(sender, max_message);
  Events events;
  for (proto::Bytes piece : pieces) {
    for (bool more = true; more;) {
      const auto event = reader.read(piece);
      more = !std::holds_alternative<std::monostate>(event);
      if (more) events.push_back(std::visit(Describe(), event));
    }
    CHECK(piece.empty());
  }
  return events;
}

Events read_all(const Wire& wire, ws::Sender sender = ws::Sender::server, uint64_t max = 1000) {
  const Events whole = read_pieces({proto::Bytes(wire)}, sender, max);
  tests::for_each_cut(
      wire, [&](const tests::Pieces& pieces) { CHECK(read_pieces(pieces, sender, max) == whole); });
  return whole;
}

Wire octets_of(const std::string& text) { return {text.begin(), text.end()}; }

}  // namespace

TEST_CASE("message reader: RFC 6455 §5.7 examples") {
  CHECK(read_all("81 05 48656c6c6f"_wire) == Events{"text Hello"});
  CHECK(read_all("81 85 37fa213d 7f9f4d5158"_wire, ws::Sender::client) == Events{"text Hello"});
  CHECK(read_all("01 03 48656c 89 01 70 80 02 6c6f 8a 00"_wire) ==
        Events{"ping p", "text Hello", "pong "});
}

TEST_CASE("message reader: masked fragments with control frames between, then a Close") {
  const ws::MaskingKey key{9, 8, 7, 6};
  const std::string long_text(300, 'x');
  const std::string wire = ws::frame(ws::Opcode::binary, proto::bytes_of(long_text), key) +
                           ws::frame(ws::Opcode::text, {}, key) +
                           ws::close_frame(ws::CloseCode::going_away, "bye", key) +
                           ws::frame(ws::Opcode::text, proto::bytes_of("late"), key);
  CHECK(read_all(octets_of(wire), ws::Sender::client) ==
        Events{"binary " + long_text, "text ", "close 1001 bye"});
}

TEST_CASE("message reader: text is checked over the borders of fragments") {
  CHECK(read_all("01 02 e282 80 01 ac"_wire) == Events{"text \xe2\x82\xac"});
  CHECK(read_all("01 02 e282 80 00"_wire) == Events{"violation 1007"});
  CHECK(read_all("81 01 ff"_wire) == Events{"violation 1007"});
  CHECK(read_all("82 01 ff"_wire) == Events{"binary \xff"});
  // It fails at the first bad octet, long before the frame ends.
  CHECK(read_all("81 7e 0300 61 f5"_wire) == Events{"violation 1007"});
}

TEST_CASE("message reader: refuses what the scanner refuses, and every RSV bit") {
  for (const Wire& bad : {"c1 00"_wire, "a1 00"_wire, "83 00"_wire, "80 00"_wire, "09 00"_wire,
                          "81 80 01020304"_wire, "82 7e 0001"_wire, "01 00 81 00"_wire}) {
    CHECK(read_all(bad) == Events{"violation 1002"});
  }
  CHECK(read_all("88 02 03ed"_wire) == Events{"violation 1002"});
  CHECK(read_all("88 03 03e8 ff 81 00"_wire) == Events{"violation 1007"});
}

TEST_CASE("message reader: a message may be as large as the limit and no larger") {
  CHECK(read_all("82 03 616263"_wire, ws::Sender::server, 3) == Events{"binary abc"});
  CHECK(read_all("82 04 61626364"_wire, ws::Sender::server, 3) == Events{"violation 1009"});
  CHECK(read_all("02 03 616263 80 00"_wire, ws::Sender::server, 3) == Events{"binary abc"});
  CHECK(read_all("02 03 616263 80 01 64"_wire, ws::Sender::server, 3) == Events{"violation 1009"});
  CHECK(read_all("82 7f 7fffffffffffffff"_wire, ws::Sender::server, 3) == Events{"violation 1009"});
  CHECK(read_all("82 00"_wire, ws::Sender::server, 0) == Events{"binary "});
}

TEST_CASE("message reader: what it keeps of a message never passes the limit") {
  constexpr size_t kLimit = 1000;
  Wire wire = "02 01 61"_wire;
  for (size_t i = 1; i < kLimit; ++i) wire.insert(wire.end(), {0x00, 0x01, 0x61});
  wire.insert(wire.end(), {0x80, 0x00});
  ws::MessageReader reader(ws::Sender::server, kLimit);
  proto::Bytes in(wire);
  const auto event = reader.read(in);
  const auto* message = std::get_if<ws::MessageReader::Message>(&event);
  REQUIRE(message != nullptr);
  CHECK(message->payload.size() == kLimit);
  CHECK(message->payload.capacity() <= kLimit);
}

TEST_CASE("message reader: takes one event at a time from the front") {
  const Wire wire = "89 00 81 01 61"_wire;
  ws::MessageReader reader(ws::Sender::server, 10);
  proto::Bytes in(wire);
  CHECK(std::visit(Describe(), reader.read(in)) == "ping ");
  CHECK(in.size() == 3);
  CHECK(std::visit(Describe(), reader.read(in)) == "text a");
  CHECK(in.empty());
}
