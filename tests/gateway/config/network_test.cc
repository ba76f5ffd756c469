#include "gateway/config/network.h"

#include <doctest/doctest.h>

#include "gateway/config/origin.h"

using namespace gateway::config;

namespace {

bool holds(std::string_view network, std::string_view ip) {
  auto parsed = parse_network(network);
  REQUIRE(parsed.has_value());
  return parsed->contains(ip);
}

}  // namespace

TEST_CASE("network: holds the addresses that share its prefix, and no others") {
  CHECK(holds("10.0.0.0/8", "10.255.255.255"));
  CHECK_FALSE(holds("10.0.0.0/8", "11.0.0.0"));
  CHECK(holds("192.0.2.128/25", "192.0.2.129"));
  CHECK_FALSE(holds("192.0.2.128/25", "192.0.2.127"));
  CHECK(holds("192.0.2.1", "192.0.2.1"));
  CHECK_FALSE(holds("192.0.2.1", "192.0.2.0"));
  CHECK(holds("0.0.0.0/0", "255.255.255.255"));
  CHECK(holds("2001:db8::/33", "2001:db8:7fff::1"));
  CHECK_FALSE(holds("2001:db8::/33", "2001:db8:8000::"));
  CHECK(holds("::1", "0:0:0:0:0:0:0:1"));
  CHECK(holds("::/0", "fe80::1"));
}

TEST_CASE("network: families are apart, but an IPv4-mapped address is IPv4") {
  CHECK_FALSE(holds("0.0.0.0/0", "::1"));
  CHECK_FALSE(holds("::/0", "192.0.2.1"));
  CHECK_FALSE(holds("::/0", "::ffff:192.0.2.1"));
  CHECK(holds("192.0.2.0/24", "::ffff:192.0.2.1"));
  CHECK(holds("::ffff:192.0.2.0/120", "192.0.2.1"));
}

TEST_CASE("network: what is no literal is in no network") {
  for (std::string_view text : {"", "localhost", "10.0.0.1:80", "[::1]", "10.1"}) {
    CAPTURE(text);
    CHECK_FALSE(holds("0.0.0.0/0", text));
  }
  CHECK_FALSE(holds("0.0.0.0/0", std::string_view("10.0.0.1\0x", 10)));
}

TEST_CASE("network: an address is looked for in several") {
  const std::vector<Network> networks = {*parse_network("10.0.0.0/8"), *parse_network("fe80::/10")};
  for (std::string_view ip : {"10.1.2.3", "::ffff:10.1.2.3", "fe80::1", "febf::1"}) {
    CAPTURE(ip);
    CHECK(any_contains(networks, ip));
  }
  for (std::string_view ip : {"11.0.0.1", "fec0::1", "::10.1.2.3", "10.0.0.0/8", ""}) {
    CAPTURE(ip);
    CHECK_FALSE(any_contains(networks, ip));
  }
  CHECK_FALSE(any_contains({}, "10.1.2.3"));
}

TEST_CASE("network: wrong texts are answered with the way out") {
  struct Row {
    const char* text;
    const char* says;
  };
  for (const Row& row :
       {Row{"", "is neither an IP address nor a network"}, Row{"lb.test", "is neither"},
        Row{"10.0.0.0/", "is out of range; allowed is /0 to /32"}, Row{"10.0.0.0/33", "to /32"},
        Row{"10.0.0.0/-1", "to /32"}, Row{"::/129", "to /128"}, Row{"/8", "is neither"},
        Row{"10.0.0.1/31", "did you mean \"10.0.0.0/31\"?"},
        Row{"2001:db8::1/64", "did you mean \"2001:db8::/64\"?"}, Row{"10/8", "is neither"}}) {
    CAPTURE(row.text);
    auto network = parse_network(row.text);
    REQUIRE_FALSE(network.has_value());
    CHECK(network.error().find(row.says) != std::string::npos);
  }
}

TEST_CASE("network: prints as it is read") {
  for (const char* text : {"10.0.0.0/8", "0.0.0.0/0", "192.0.2.1/32", "2001:db8::/32", "::1/128"}) {
    auto network = parse_network(text);
    REQUIRE(network.has_value());
    CHECK(to_string(*network) == text);
  }
}

TEST_CASE("network: what DNS may not lead to, unless the operator says otherwise") {
  const std::vector<Network>& denied = Origin{}.deny_addresses;
  for (std::string_view ip : {"0.0.0.0",
                              "0.1.2.3",
                              "169.254.169.254",
                              "224.0.0.1",
                              "239.255.255.255",
                              "255.255.255.255",
                              "::",
                              "fe80::1",
                              "febf::1",
                              "ff02::1",
                              "::ffff:169.254.169.254",
                              "::ffff:0.0.0.0",
                              "127.0.0.1",
                              "::1",
                              "::ffff:127.0.0.1",
                              "100.100.100.200",
                              "168.63.129.16",
                              "192.0.0.192",
                              "fd00:ec2::254",
                              "fd20:ce::254",
                              "fd00:42::42"}) {
    CAPTURE(ip);
    CHECK(any_contains(denied, ip));
  }
  for (std::string_view ip : {"10.0.0.1", "172.16.0.1", "192.168.0.1", "1.0.0.1", "240.0.0.1",
                              "fd00::1", "2001:db8::1", "::ffff:10.0.0.1"}) {
    CAPTURE(ip);
    CHECK_FALSE(any_contains(denied, ip));
  }
}

TEST_CASE("network: a forward proxy is left out for the names and networks of no_proxy") {
  ForwardProxy proxy;
  proxy.no_proxy_names = {"a.test", "*.b.test"};
  proxy.no_proxy_networks = {*parse_network("10.0.0.0/8")};
  CHECK(proxy.is_direct("A.test"));
  CHECK(proxy.is_direct("x.y.B.test"));
  CHECK(proxy.is_direct("10.1.1.1"));
  CHECK_FALSE(proxy.is_direct("b.test"));
  CHECK_FALSE(proxy.is_direct("xb.test"));
  CHECK_FALSE(proxy.is_direct("11.1.1.1"));
  CHECK_FALSE(ForwardProxy{}.is_direct("a.test"));
}
