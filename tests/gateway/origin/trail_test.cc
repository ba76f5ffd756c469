#include "gateway/origin/trail.h"

#include <string>

#include <doctest/doctest.h>

using gateway::net::Address;
using gateway::origin::Trail;

namespace {

gateway::route::Server server_at(const char* host, std::optional<uint16_t> port = {}) {
  return {.host = host, .port = port, .address = {}, .backend = nullptr};
}

}  // namespace

TEST_CASE("trail: an address was tried whatever its port, an IPv4 one also as IPv6 maps it") {
  Trail trail;
  CHECK_FALSE(trail.has_tried(*Address::parse("10.0.0.1", 80)));
  trail.add_tried(*Address::parse("10.0.0.1", 80));
  CHECK(trail.has_tried(*Address::parse("10.0.0.1", 8080)));
  CHECK(trail.has_tried(*Address::parse("::ffff:10.0.0.1", 0)));
  CHECK_FALSE(trail.has_tried(*Address::parse("10.0.0.2", 80)));
  trail.add_tried(*Address::parse("10.0.0.1", 8080));
  CHECK(trail.tried.size() == 1);
}

TEST_CASE(
    "trail: what was missed on the way to a connection is kept in order, once, by its server") {
  Trail trail;
  trail.miss("10.0.0.1:80: connection refused");
  trail.miss("10.0.0.2:80: connection timed out");
  CHECK(trail.all_misses() == "10.0.0.1:80: connection refused; 10.0.0.2:80: connection timed out");
  CHECK(trail.setbacks.empty());
  trail.keep_misses(server_at("a.test"));
  trail.keep_misses(server_at("a.test"));
  CHECK(trail.setbacks ==
        "a.test: 10.0.0.1:80: connection refused; a.test: 10.0.0.2:80: connection timed out");
  trail.note(server_at("::1", 8080), "answered 503");
  CHECK(trail.setbacks.ends_with("; [::1]:8080: answered 503"));
}

TEST_CASE("trail: neither list grows without end") {
  Trail trail;
  for (int i = 0; i < 100; ++i) trail.miss("x");
  CHECK(trail.misses.size() == Trail::kMaxMisses);
  for (int i = 0; i < 100; ++i) trail.note(server_at("a.test"), std::string(100, 'x'));
  CHECK(trail.setbacks.size() < Trail::kMaxSetbacks + 100);
}

TEST_CASE("trail: no retry is left when as many were made as may be") {
  Trail trail;
  trail.most_retries = 2;
  CHECK(trail.retries_left() == 2);
  trail.retries = 2;
  CHECK(trail.retries_left() == 0);
  trail.retries = 3;
  CHECK(trail.retries_left() == 0);
}
