#include "gateway/net/own_listeners.h"

#include <doctest/doctest.h>

using gateway::net::Address;
using gateway::net::OwnListeners;

namespace {

Address at(const char* host, uint16_t port) { return *Address::parse(host, port); }

}  // namespace

TEST_CASE("FY32 own listeners: one address is met at that address and port alone") {
  OwnListeners own;
  CHECK_FALSE(own.hold(at("127.0.0.1", 9090)));
  own.use({at("127.0.0.1", 9090), at("192.0.2.7", 443)});
  CHECK(own.hold(at("127.0.0.1", 9090)));
  CHECK(own.hold(at("::ffff:127.0.0.1", 9090)));
  CHECK(own.hold(at("192.0.2.7", 443)));
  // Linux takes these for its own loopback address.
  CHECK(own.hold(at("0.0.0.0", 9090)));
  CHECK(own.hold(at("::", 9090)));
  CHECK_FALSE(own.hold(at("127.0.0.1", 9091)));
  CHECK_FALSE(own.hold(at("127.0.0.2", 9090)));
  CHECK_FALSE(own.hold(at("192.0.2.7", 9090)));
  own.use({});
  CHECK_FALSE(own.hold(at("127.0.0.1", 9090)));
}

TEST_CASE("FY32 own listeners: one on all addresses is met at each of this machine's") {
  for (const char* any : {"0.0.0.0", "::"}) {
    CAPTURE(any);
    OwnListeners own;
    own.use({at(any, 8080)});
    CHECK(own.hold(at("127.0.0.1", 8080)));
    CHECK(own.hold(at("127.9.9.9", 8080)));
    CHECK(own.hold(at("::1", 8080)));
    CHECK_FALSE(own.hold(at("192.0.2.7", 8080)));
    CHECK_FALSE(own.hold(at("2001:db8::7", 8080)));
    CHECK_FALSE(own.hold(at("127.0.0.1", 80)));
  }
}
