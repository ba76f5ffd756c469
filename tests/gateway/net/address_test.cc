#include "gateway/net/address.h"

#include <doctest/doctest.h>

#include "tests/support/loop_stage.h"

using gateway::net::Address;

TEST_CASE("address: reads literals of both families, with and without brackets") {
  CHECK(Address::parse("127.0.0.1", 80)->to_string() == "127.0.0.1:80");
  CHECK(Address::parse("::1", 443)->to_string() == "[::1]:443");
  CHECK(Address::parse("[2001:db8::5]", 65535)->to_string() == "[2001:db8::5]:65535");
  CHECK(Address::parse("::1", 443)->host() == "::1");
  CHECK(Address::parse("0.0.0.0", 0)->port() == 0);
}

TEST_CASE("address: names and what is nearly an address are none") {
  for (const char* text :
       {"", "localhost", "example.com", "127.0.0.1:80", "127.1", "0x7f000001", "1.2.3.4.5",
        "256.0.0.1", "[::1", "::1]", "[]", "[127.0.0.1", "::g", " 127.0.0.1", "127.0.0.1\n"}) {
    CAPTURE(text);
    CHECK_FALSE(Address::parse(text, 80).has_value());
  }
  CHECK_FALSE(Address::parse(std::string_view("127.0.0.1\0.evil", 15), 80).has_value());
}

TEST_CASE("address: any is 0.0.0.0 and ::, whatever the port") {
  for (const char* any : {"0.0.0.0", "::"}) CHECK(Address::parse(any, 80)->is_any());
  for (const char* one : {"0.0.0.1", "127.0.0.1", "::1", "::ffff:0.0.0.0"})
    CHECK_FALSE(Address::parse(one, 0)->is_any());
  CHECK_FALSE(Address().is_any());
}

TEST_CASE("address: every number of an IPv4 address is written as it is read") {
  for (const char* text : {"0.0.0.0", "9.10.99.100", "255.255.255.255", "127.0.0.1"})
    CHECK(Address::parse(text, 1)->host() == text);
}

TEST_CASE("address: an IPv4-mapped address reads as IPv4") {
  CHECK(Address::parse("::ffff:10.0.0.5", 80)->host() == "10.0.0.5");
}

TEST_CASE("address: equal are those that read the same") {
  CHECK(*Address::parse("[::1]", 80) == *Address::parse("::1", 80));
  CHECK_FALSE(*Address::parse("::1", 80) == *Address::parse("::1", 81));
}

TEST_CASE("address: none is unknown, and asks nothing") {
  CHECK(Address().host() == "unknown");
  CHECK_FALSE(Address::local_of(-1).has_value());
}

TEST_CASE("address: names both ends of a connection") {
  const tests::Connection connection = tests::make_connection();
  CHECK(*Address::local_of(connection.ours.get()) == *Address::peer_of(connection.peer.fd()));
  CHECK(*Address::peer_of(connection.ours.get()) == *Address::local_of(connection.peer.fd()));
}

TEST_CASE("address: equal are those that are the same on the wire") {
  const auto address = [](const char* host, uint16_t port = 80) {
    return *Address::parse(host, port);
  };
  CHECK(address("10.0.0.5") == address("10.0.0.5"));
  CHECK_FALSE(address("10.0.0.5") == address("10.0.0.6"));
  CHECK_FALSE(address("10.0.0.5") == address("10.0.0.5", 81));
  CHECK(address("::ffff:10.0.0.5") == address("10.0.0.5"));
  CHECK(address("::ffff:10.0.0.5") == address("::ffff:10.0.0.5"));
  CHECK_FALSE(address("::ffff:10.0.0.5", 81) == address("10.0.0.5"));
  CHECK_FALSE(address("::1") == address("0.0.0.1"));
  CHECK_FALSE(address("2001:db8::1") == address("2001:db8::2"));
  CHECK(Address() == Address());
  CHECK_FALSE(Address() == address("0.0.0.0", 0));
  CHECK_FALSE(Address() == address("::", 0));
  sockaddr_in6 link{};
  link.sin6_family = AF_INET6;
  link.sin6_scope_id = 2;
  const Address second(reinterpret_cast<const sockaddr*>(&link));
  link.sin6_scope_id = 3;
  const Address third(reinterpret_cast<const sockaddr*>(&link));
  CHECK(second == second);
  CHECK_FALSE(second == third);
}
