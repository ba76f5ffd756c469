#include "proto/proxy_header/address.h"

#include <doctest/doctest.h>

namespace ph = proto::proxy_header;

TEST_CASE("address: IPv4 both ways") {
  for (std::string_view text : {"0.0.0.0", "192.0.2.1", "255.255.255.255"}) {
    const auto address = ph::parse_ipv4(text);
    REQUIRE_MESSAGE(address.has_value(), text);
    CHECK(address->family == ph::Family::ipv4);
    CHECK(address->bytes().size() == 4);
    CHECK(ph::to_text(*address) == text);
  }
}

TEST_CASE("address: refuses what is not four plain decimals") {
  for (std::string_view bad : {"", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.04", "1.2.3.00",
                               "1.2.3.", ".1.2.3", "1..2.3", "1.2.3.4 ", " 1.2.3.4", "+1.2.3.4",
                               "0x1.2.3.4", "1.2.3.-4", "1.2.3.99999999999999999999", "::1"}) {
    CHECK_FALSE_MESSAGE(ph::parse_ipv4(bad), bad);
  }
}

TEST_CASE("address: IPv6 is read in all its forms and written as RFC 5952 says") {
  struct Row {
    std::string_view text, canonical;
  };
  const Row rows[] = {
      {"::", "::"},
      {"::1", "::1"},
      {"1::", "1::"},
      {"2001:db8::1", "2001:db8::1"},
      {"2001:0DB8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
      {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
      {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
      {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
      {"0:0:1::", "0:0:1::"},
      {"::ffff:192.0.2.1", "::ffff:c000:201"},
      {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
      {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
  };
  for (const Row& row : rows) {
    const auto address = ph::parse_ipv6(row.text);
    REQUIRE_MESSAGE(address.has_value(), row.text);
    CHECK(address->family == ph::Family::ipv6);
    CHECK(ph::to_text(*address) == row.canonical);
    CHECK(ph::parse_ipv6(row.canonical) == address);
  }
}

TEST_CASE("address: refuses what is not IPv6") {
  for (std::string_view bad : {"",
                               ":",
                               ":::",
                               "1",
                               "1:2:3:4:5:6:7",
                               "1:2:3:4:5:6:7:8:9",
                               "1:2:3:4:5:6:7:8::",
                               "::1:2:3:4:5:6:7:8",
                               "1::2::3",
                               "1:::2",
                               ":1::2",
                               "1::2:",
                               "12345::",
                               "g::",
                               "::-1",
                               "::+1",
                               "[::1]",
                               "fe80::1%eth0",
                               "1.2.3.4",
                               "1.2.3.4::",
                               "::1.2.3.4:1",
                               "::1.2.3",
                               "1:2:3:4:5:6:7:1.2.3.4",
                               "::1 ",
                               "0x1::"}) {
    CHECK_FALSE_MESSAGE(ph::parse_ipv6(bad), bad);
  }
}

TEST_CASE("address: ports") {
  CHECK(ph::parse_port("0") == 0);
  CHECK(ph::parse_port("65535") == 65535);
  for (std::string_view bad : {"", "65536", "00", "080", "-1", "+1", " 1", "1 ", "0x1", "1e1"}) {
    CHECK_FALSE_MESSAGE(ph::parse_port(bad), bad);
  }
}

TEST_CASE("address: an IPv4 address mapped into IPv6 keeps its port") {
  auto address = *ph::parse_ipv4("192.0.2.1");
  address.port = 443;
  const ph::Address mapped = ph::as_ipv6(address);
  CHECK(ph::to_text(mapped) == "::ffff:c000:201");
  CHECK(mapped.port == 443);
  CHECK(ph::as_ipv6(mapped) == mapped);
}
