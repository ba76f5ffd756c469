#include "gateway/net/endpoint.h"

#include <doctest/doctest.h>

using gateway::net::Address;
using gateway::net::Endpoint;

TEST_CASE("endpoint: gives back the address that it was made of") {
  for (const char* const text : {"203.0.113.7", "2001:db8::10", "::ffff:203.0.113.7", "::"}) {
    const Address address = *Address::parse(text, 40'000);
    const Endpoint kept = address;
    CHECK(kept.known());
    CHECK(kept.port() == 40'000);
    CHECK(kept.host() == address.host());
    CHECK(kept.to_string() == address.to_string());
    CHECK(kept.address() == address);
    CHECK(kept.address().family() == address.family());
  }
}

TEST_CASE("endpoint: is unknown where there is no address") {
  CHECK_FALSE(Endpoint().known());
  CHECK_FALSE(Endpoint(Address()).known());
  CHECK(Endpoint().host() == Address().host());
  CHECK(Endpoint().port() == 0);
}

TEST_CASE("endpoint: leaves out the zone") {
  Address address = *Address::parse("fe80::1", 80);
  sockaddr_in6 zoned = *reinterpret_cast<const sockaddr_in6*>(address.get());
  zoned.sin6_scope_id = 3;
  address = Address(reinterpret_cast<const sockaddr*>(&zoned));
  CHECK(Endpoint(address).to_string() == "[fe80::1]:80");
  CHECK(Endpoint(address).address() == *Address::parse("fe80::1", 80));
}
