#include "proto/ws/frame_writer.h"

#include <vector>

#include <doctest/doctest.h>

#include "tests/support/wire.h"

namespace ws = proto::ws;
using tests::operator""_wire;

namespace {

std::vector<uint8_t> octets(const std::string& text) { return {text.begin(), text.end()}; }

constexpr ws::MaskingKey kKey{0x37, 0xfa, 0x21, 0x3d};

}  // namespace

TEST_CASE("frame writer: RFC 6455 §5.7 examples") {
  const auto hello = proto::bytes_of("Hello");
  CHECK(octets(ws::frame(ws::Opcode::text, hello, {})) == "81 05 48656c6c6f"_wire);
  CHECK(octets(ws::frame(ws::Opcode::text, hello, kKey)) == "81 85 37fa213d 7f9f4d5158"_wire);
  CHECK(octets(ws::frame(ws::Opcode::ping, hello, {})) == "89 05 48656c6c6f"_wire);
  CHECK(octets(ws::frame(ws::Opcode::pong, {}, {})) == "8a 00"_wire);
}

TEST_CASE("frame writer: what it writes reads back, at every length form and both roles") {
  for (uint64_t length : {uint64_t{0}, uint64_t{125}, uint64_t{126}, uint64_t{65535},
                          uint64_t{65536}, uint64_t{INT64_MAX}}) {
    for (bool masked : {false, true}) {
      ws::FrameHeader header;
      header.fin = masked;
      header.rsv1 = !masked;
      header.opcode = ws::Opcode::binary;
      header.payload_length = length;
      if (masked) header.masking_key = kKey;
      std::string wire;
      ws::append_header(wire, header);
      const auto sender = masked ? ws::Sender::client : ws::Sender::server;
      const auto read = ws::read_header(proto::bytes_of(wire), {sender, true});
      REQUIRE(read.size == wire.size());
      CHECK(read.header.fin == header.fin);
      CHECK(read.header.rsv1 == header.rsv1);
      CHECK(read.header.opcode == header.opcode);
      CHECK(read.header.masking_key == header.masking_key);
      CHECK(read.header.payload_length == length);
    }
  }
}

TEST_CASE("frame writer: a Close holds code and reason, or nothing") {
  CHECK(octets(ws::close_frame(ws::CloseCode::going_away, "bye", {})) == "88 05 03e9 627965"_wire);
  CHECK(octets(ws::close_frame(ws::CloseCode::no_status, "ignored", {})) == "88 00"_wire);
  CHECK(octets(ws::close_frame(ws::CloseCode::normal, "", kKey)) == "88 82 37fa213d 3412"_wire);
}

TEST_CASE("frame writer: F3, a long reason is cut between characters and every octet is written") {
  for (size_t lead = 0; lead < 4; ++lead) {
    std::string reason(lead, 'x');
    while (reason.size() < 200) reason += "\xf0\x9f\x98\x80";
    const std::string wire = ws::close_frame(ws::CloseCode::normal, reason, {});
    const size_t body_size = static_cast<uint8_t>(wire[1]);
    REQUIRE(wire.size() == 2 + body_size);
    CHECK(body_size <= ws::kMaxControlPayload);
    CHECK(body_size > ws::kMaxControlPayload - 4);
    const auto close = ws::parse_close(proto::bytes_of(wire).subspan(2));
    REQUIRE(close);
    CHECK(reason.starts_with(close->reason));
  }
}
