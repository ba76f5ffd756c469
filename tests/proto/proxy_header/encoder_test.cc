#include "proto/proxy_header/encoder.h"

#include <doctest/doctest.h>

#include "proto/proxy_header/decoder.h"
#include "tests/support/wire.h"

namespace ph = proto::proxy_header;
using tests::operator""_wire;

namespace {

ph::Address address(std::string_view text, uint16_t port) {
  const auto v4 = ph::parse_ipv4(text);
  ph::Address parsed = v4 ? *v4 : ph::parse_ipv6(text).value();
  parsed.port = port;
  return parsed;
}

std::string as_text(const std::vector<uint8_t>& octets) {
  return std::string(proto::text_of(octets));
}

ph::Header decoded(const std::string& header) {
  ph::Decoder decoder;
  const auto taken = decoder.feed(proto::bytes_of(header));
  REQUIRE(taken);
  CHECK(*taken == header.size());
  REQUIRE(decoder.header());
  return *decoder.header();
}

}  // namespace

TEST_CASE("proxy encoder: version 1") {
  const ph::Addresses v4{address("192.168.0.1", 56324), address("192.168.0.11", 443)};
  CHECK(ph::write_header(ph::Version::v1, v4) ==
        "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n");
  const ph::Addresses v6{address("2001:db8::1", 65535), address("::", 0)};
  CHECK(ph::write_header(ph::Version::v1, v6) == "PROXY TCP6 2001:db8::1 :: 65535 0\r\n");
  CHECK(ph::write_local(ph::Version::v1) == "PROXY UNKNOWN\r\n");
}

TEST_CASE("proxy encoder: version 2") {
  const ph::Addresses v4{address("192.0.2.1", 56324), address("198.51.100.11", 443)};
  CHECK(ph::write_header(ph::Version::v2, v4) ==
        as_text("0d0a0d0a000d0a515549540a 21 11 000c c0000201 c633640b dc04 01bb"_wire));
  const ph::Addresses v6{address("2001:db8::1", 1), address("2001:db8::2", 2)};
  CHECK(ph::write_header(ph::Version::v2, v6) ==
        as_text("0d0a0d0a000d0a515549540a 21 21 0024 20010db8000000000000000000000001"
                "20010db8000000000000000000000002 0001 0002"_wire));
  CHECK(ph::write_local(ph::Version::v2) == as_text("0d0a0d0a000d0a515549540a 20 00 0000"_wire));
}

TEST_CASE("proxy encoder: two families are both written as IPv6") {
  const ph::Addresses mixed{address("2001:db8::1", 1), address("192.0.2.1", 2)};
  CHECK(ph::write_header(ph::Version::v1, mixed) ==
        "PROXY TCP6 2001:db8::1 ::ffff:c000:201 1 2\r\n");
}

TEST_CASE("proxy encoder: what is written is read back") {
  for (const ph::Version version : {ph::Version::v1, ph::Version::v2}) {
    for (const ph::Addresses& addresses :
         {ph::Addresses{address("0.0.0.0", 0), address("255.255.255.255", 65535)},
          ph::Addresses{address("::", 0),
                        address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535)}}) {
      const ph::Header header = decoded(ph::write_header(version, addresses));
      CHECK(header.version == version);
      CHECK(header.addresses == addresses);
    }
    CHECK_FALSE(decoded(ph::write_local(version)).addresses);
  }
}
