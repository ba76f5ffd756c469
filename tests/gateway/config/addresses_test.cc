#include "gateway/config/addresses.h"

#include <doctest/doctest.h>

using namespace gateway::config;

TEST_CASE("addresses: host and port are told apart, IPv6 with and without brackets") {
  struct Row {
    const char* text;
    const char* host;
    uint16_t port;
  };
  for (const Row& row :
       {Row{"10.0.0.5:8080", "10.0.0.5", 8080}, Row{"10.0.0.5", "10.0.0.5", 0},
        Row{"[::1]:8080", "::1", 8080}, Row{"[::1]", "::1", 0}, Row{"::1", "::1", 0},
        Row{"Name.Example:1", "name.example", 1}, Row{"fe80::1", "fe80::1", 0},
        Row{"[0:0::1]:65535", "::1", 65535}, Row{"FE80::A", "fe80::a", 0},
        Row{"2001:db8:0:0:0:0:0:1", "2001:db8::1", 0}}) {
    CAPTURE(row.text);
    auto parts = parse_host_port(row.text);
    REQUIRE(parts.has_value());
    CHECK(parts->host == row.host);
    CHECK(parts->port.value_or(0) == row.port);
  }
  CHECK(parse_host_port("10.0.0.5:0", 0)->port == 0);
}

TEST_CASE("FY9 addresses: a name may have the dot of the root, and keeps it") {
  auto parts = parse_host_port("Origin.example.:80");
  REQUIRE(parts.has_value());
  CHECK(parts->host == "origin.example.");
  CHECK(parts->port == 80);
  CHECK(parse_host_port("localhost.")->host == "localhost.");
  for (const char* text : {".", "..", "a..", "a..:80", ".a.", ":80", "."}) {
    CAPTURE(text);
    CHECK_FALSE(parse_host_port(text).has_value());
  }
}

TEST_CASE("addresses: what has no host or a broken literal is refused") {
  for (const char* text : {"", ":80", "[::1", "[]:80", "[10.0.0.1]:80", "[::1]80", "[::1]x:80"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_host_port(text).has_value());
  }
}

TEST_CASE("FY8 addresses: what only looks like an address is refused with what was meant") {
  struct Row {
    const char* text;
    const char* says;
  };
  for (const Row& row : {
           Row{"10.0.0.300:80", "\"10.0.0.300\" is no IPv4 address: 300 is above 255"},
           Row{"1.2.3.4.5:80", "\"1.2.3.4.5\" is no IPv4 address: it has 5 numbers instead of 4"},
           Row{"010.0.0.1:80",
               "did you mean \"10.0.0.1\"? Numbers with a zero in front are octal "
               "to many programs, which would read \"8.0.0.1\""},
           Row{"10.0.0.08", "did you mean \"10.0.0.8\"?"},
           Row{"::1:3000",
               "can be read in two ways: write \"[::1]:3000\" if it ends in a port, or "
               "\"[::1:3000]\" if it does not"},
           Row{"2001:db8:0:0:0:0:0:1:80", "did you mean \"[2001:db8::1]:80\"?"},
           Row{"0x7f.1:80", "is a short form of an IPv4 address: did you mean \"127.0.0.1\"?"},
           Row{"127.1:80",
               "\"127.1\" is a short form of an IPv4 address: did you mean "
               "\"127.0.0.1\"?"},
           Row{"2130706433", "did you mean \"127.0.0.1\"?"},
           Row{"0x7f000001:80", "did you mean \"127.0.0.1\"?"},
           Row{"0x7f.0.0.1", "is no IPv4 address: did you mean \"127.0.0.1\"?"},
           Row{"4294967296", "is no IPv4 address"},
           Row{"3000", "\"3000\" is a number alone: did you mean \"127.0.0.1:3000\"?"},
           Row{"10.0.0.5.8080", "did you mean \"10.0.0.5:8080\"?"},
           Row{"chat.example.com.8080", "did you mean \"chat.example.com:8080\"?"},
           Row{"chat.5", "ends in a number, as no name does"},
           Row{"10.0.0.5.:80",
               "has a dot at its end, which only names have: did you mean "
               "\"10.0.0.5\"?"},
           Row{"10.0.0.5:70000", "port \"70000\" is out of range; allowed is 1 to 65535"},
           Row{"10.0.0.5:080", "port \"080\" has a zero in front: did you mean 80?"},
           Row{"10.0.0.5:", "port \"\" is out of range"},
           Row{"10.0.0.5:80:90", "port \"80:90\" is out of range"},
           Row{"[10.0.0.5]:80", "did you mean \"10.0.0.5:80\"?"},
           Row{"[a.test]", "did you mean \"a.test\"?"},
           Row{"fe80::1%eth0", "has a zone"},
           Row{"[fe80::1%eth0]:80", "has a zone"},
           Row{"2001:db8:::1", "is no IPv6 address"},
           Row{"1:2:3:4:5:6:7:8:9", "did you mean \"[1:2:3:4:5:6:7:8]:9\"?"},
           Row{"a..b:80", "\"a..b\" has an empty part"},
           Row{"10.0.0.5/24", "must be a name alone, without a scheme or a path"},
       }) {
    CAPTURE(row.text);
    auto parts = parse_host_port(row.text);
    REQUIRE_FALSE(parts.has_value());
    CAPTURE(parts.error());
    CHECK(parts.error().find(row.says) != std::string::npos);
  }
  CHECK_FALSE(parse_host_port(std::string(64, 'a') + ".test").has_value());
}

TEST_CASE("FY8 addresses: names with digits are names") {
  for (const char* text : {"node-1", "1node", "10-0-0-5.example", "3.pool.example", "0x7g", "a1.b2",
                           "my_service", "db_1.internal", "1.2.3.4.example", "x0"}) {
    CAPTURE(text);
    CHECK(parse_host_port(text).has_value());
    CHECK_FALSE(domain_name_problem(text).has_value());
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
  CHECK(join_host_port("::1:80", std::nullopt) == "[::1:80]");
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
  for (const std::string& name : {std::string(),
                                  std::string("*"),
                                  std::string("a..b"),
                                  std::string(".a"),
                                  std::string("a."),
                                  std::string("*.*.a"),
                                  std::string("a.*.b"),
                                  std::string("*a.b"),
                                  std::string("a b"),
                                  std::string("a/b"),
                                  std::string("a:80"),
                                  std::string("::1"),
                                  std::string("[::1]:80"),
                                  std::string("*.10.0.0.1"),
                                  std::string("10.0.0.300"),
                                  std::string("127.1"),
                                  std::string("a.5"),
                                  std::string("b\xC3\xBC.example"),
                                  std::string(64, 'a'),
                                  longest + "a",
                                  std::string("*.")}) {
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
