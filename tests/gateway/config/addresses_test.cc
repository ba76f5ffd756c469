#include "gateway/config/addresses.h"

#include <doctest/doctest.h>

using namespace gateway::config;

TEST_CASE("addresses: host and port are told apart, IPv6 with and without brackets") {
  struct Row {
    const char* text;
    const char* host;
    const char* port;
  };
  for (const Row& row :
       {Row{"10.0.0.5:8080", "10.0.0.5", "8080"}, Row{"10.0.0.5", "10.0.0.5", ""},
        Row{"[::1]:8080", "::1", "8080"}, Row{"[::1]", "::1", ""}, Row{"::1", "::1", ""},
        Row{"Name.Example:1", "name.example", "1"}, Row{"fe80::1", "fe80::1", ""}}) {
    CAPTURE(row.text);
    auto parts = split_host_port(row.text);
    REQUIRE(parts.has_value());
    CHECK(parts->host == row.host);
    CHECK(parts->port.value_or("") == row.port);
  }
}

TEST_CASE("addresses: what has no host or a broken literal is refused") {
  for (const char* text : {"", ":80", "[::1", "[]:80", "[10.0.0.1]:80", "[::1]80", "[::1]x:80"}) {
    CAPTURE(text);
    CHECK_FALSE(split_host_port(text).has_value());
  }
}

TEST_CASE("addresses: an IP literal has one spelling") {
  CHECK(canonical_ip("0:0:0:0:0:0:0:1") == "::1");
  CHECK(canonical_ip("::FFFF") == "::ffff");
  CHECK(canonical_ip("10.0.0.1") == "10.0.0.1");
  CHECK_FALSE(is_ip("10.0.0"));
  CHECK_FALSE(is_ip("010.0.0.1"));
  CHECK_FALSE(is_ip(std::string_view("10.0.0.1\0x", 10)));
  CHECK_FALSE(is_ip("::1%lo"));
}

TEST_CASE("addresses: joining gives brackets to IPv6 only with a port") {
  CHECK(join_host_port("10.0.0.1", 80) == "10.0.0.1:80");
  CHECK(join_host_port("::1", 80) == "[::1]:80");
  CHECK(join_host_port("::1", std::nullopt) == "::1");
}

TEST_CASE("addresses: names a domain can and cannot have") {
  std::string label(63, 'a');
  std::string longest = label + '.' + label + '.' + label + '.' + std::string(61, 'a');
  for (const std::string& name :
       {std::string("chat.example.com"), std::string("*.chat.example.com"),
        std::string("localhost"), std::string("127.0.0.1"), std::string("[::1]"),
        std::string("a_b-c.example"), std::string("xn--bcher-kva.example"), longest}) {
    CAPTURE(name);
    CHECK_FALSE(domain_name_problem(name).has_value());
  }
  for (const std::string& name :
       {std::string(), std::string("*"), std::string("a..b"), std::string(".a"), std::string("a."),
        std::string("*.*.a"), std::string("a.*.b"), std::string("*a.b"), std::string("a b"),
        std::string("a/b"), std::string("a:80"), std::string("::1"), std::string("[::1]:80"),
        std::string("b\xC3\xBC.example"), std::string(64, 'a'), longest + "a", std::string("*.")}) {
    CAPTURE(name);
    CHECK(domain_name_problem(name).has_value());
  }
}

TEST_CASE("addresses: a wildcard stands for one label or more in front") {
  CHECK(name_matches("a.test", "A.test"));
  CHECK_FALSE(name_matches("a.test", "b.a.test"));
  CHECK(name_matches("*.a.test", "b.a.test"));
  CHECK(name_matches("*.a.test", "c.b.A.TEST"));
  CHECK_FALSE(name_matches("*.a.test", "a.test"));
  CHECK_FALSE(name_matches("*.a.test", ".a.test"));
  CHECK_FALSE(name_matches("*.a.test", "ba.test"));
  CHECK_FALSE(name_matches("a.test", ""));
}
