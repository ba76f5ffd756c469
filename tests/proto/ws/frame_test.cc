#include "proto/ws/frame.h"

#include <vector>

#include <doctest/doctest.h>

#include "tests/support/wire.h"

namespace ws = proto::ws;
using tests::operator""_wire;

TEST_CASE("frame header: RFC 6455 §5.7 examples") {
  const auto unmasked = ws::read_header("81 05 48656c6c6f"_wire, {ws::Sender::server});
  CHECK(unmasked.size == 2);
  CHECK(unmasked.header.fin);
  CHECK(unmasked.header.opcode == ws::Opcode::text);
  CHECK(unmasked.header.payload_length == 5);
  CHECK_FALSE(unmasked.header.masking_key);

  const auto masked = ws::read_header("81 85 37fa213d 7f9f4d5158"_wire, {ws::Sender::client});
  CHECK(masked.size == 6);
  CHECK(masked.header.masking_key == ws::MaskingKey{0x37, 0xfa, 0x21, 0x3d});

  const auto medium = ws::read_header("82 7e 0100"_wire, {ws::Sender::server});
  CHECK(medium.size == 4);
  CHECK(medium.header.payload_length == 256);
  const auto large = ws::read_header("82 7f 0000000000010000"_wire, {ws::Sender::server});
  CHECK(large.size == 10);
  CHECK(large.header.payload_length == 65536);
}

TEST_CASE("frame header: F1, the length corpus") {
  struct Case {
    std::vector<uint8_t> wire;
    bool good;
    uint64_t length;
  };
  const Case cases[] = {{"82 00"_wire, true, 0},
                        {"82 7d"_wire, true, 125},
                        {"82 7e 007e"_wire, true, 126},
                        {"82 7e 007f"_wire, true, 127},
                        {"82 7e ffff"_wire, true, 65535},
                        {"82 7f 0000000000010000"_wire, true, 65536},
                        {"82 7f 7fffffffffffffff"_wire, true, INT64_MAX},
                        {"82 7e 007d"_wire, false, 0},
                        {"82 7e 0000"_wire, false, 0},
                        {"82 7f 000000000000ffff"_wire, false, 0},
                        {"82 7f 0000000000000000"_wire, false, 0},
                        {"82 7f 8000000000000000"_wire, false, 0},
                        {"82 7f ffffffffffffffff"_wire, false, 0}};
  for (const Case& one : cases) {
    const auto read = ws::read_header(one.wire, {ws::Sender::server});
    CHECK(read.violation.has_value() != one.good);
    if (one.good) {
      CHECK(read.size == one.wire.size());
      CHECK(read.header.payload_length == one.length);
    }
  }
}

TEST_CASE(
    "frame header: asks for more until it is whole, and judges the first two octets at once") {
  const auto wire = "82 ff 0000000000010000 01020304"_wire;
  for (size_t size = 0; size < wire.size(); ++size) {
    const auto read = ws::read_header(proto::Bytes(wire).first(size), {ws::Sender::client});
    CHECK(read.size == 0);
    CHECK_FALSE(read.violation);
  }
  CHECK(ws::read_header(wire, {ws::Sender::client}).size == wire.size());
  CHECK(ws::read_header("83 ff"_wire, {ws::Sender::client}).violation);
}

TEST_CASE("mask: RFC 6455 example, any offset, any length") {
  auto hello = "7f9f4d5158"_wire;
  ws::apply_mask(hello, {0x37, 0xfa, 0x21, 0x3d}, 0);
  CHECK(hello == "48656c6c6f"_wire);
  const ws::MaskingKey key{1, 2, 3, 4};
  for (size_t size = 0; size < 40; ++size) {
    for (size_t offset = 0; offset < 5; ++offset) {
      std::vector<uint8_t> data(size, 0x10);
      ws::apply_mask(data, key, offset);
      for (size_t i = 0; i < size; ++i) CHECK(data[i] == (0x10 ^ key[(i + offset) % 4]));
    }
  }
}
