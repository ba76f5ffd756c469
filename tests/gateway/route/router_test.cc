#include "gateway/route/router.h"

#include <initializer_list>
#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "gateway/route/snapshot.h"
#include "tests/support/made_snapshot.h"

using gateway::route::Domain;
using gateway::route::Echo;
using gateway::route::Router;
using tests::borrowed;

TEST_CASE("router: exact beats wildcard, and the longest suffix beats the shorter") {
  Domain exact;
  Domain near;
  Domain far;
  Router router;
  CHECK(router.add("chat.eu.example.com", borrowed(exact)));
  CHECK(router.add("*.eu.example.com", borrowed(near)));
  CHECK(router.add("*.example.com", borrowed(far)));
  CHECK(router.find("chat.eu.example.com") == &exact);
  CHECK(router.find("other.eu.example.com") == &near);
  CHECK(router.find("a.b.eu.example.com") == &near);
  CHECK(router.find("us.example.com") == &far);
  CHECK(router.find("eu.example.com") == &far);
  CHECK(router.find("example.com") == nullptr);
  CHECK(router.find("com") == nullptr);
  CHECK(router.find("xexample.com") == nullptr);
  CHECK(router.find("") == nullptr);
}

TEST_CASE("router: names are taken once, whatever their case") {
  Domain one;
  Domain two;
  Router router;
  CHECK(router.add("Chat.Example.com", borrowed(one)));
  CHECK_FALSE(router.add("chat.example.com", borrowed(two)));
  CHECK(router.find("chat.example.com") == &one);
  CHECK(router.add("*.Example.com", borrowed(two)));
  CHECK_FALSE(router.add("*.example.COM", borrowed(one)));
  CHECK(router.find("x.example.com") == &two);
}

TEST_CASE("FY2 router: an address is taken once, whatever its spelling") {
  Domain one;
  Domain two;
  Router router;
  CHECK(router.add("[0:0:0:0:0:0:0:1]", borrowed(one)));
  CHECK_FALSE(router.add("[::1]", borrowed(two)));
  CHECK(router.find("[::1]") == &one);
}

TEST_CASE("router: hosts that are no names find nothing") {
  Domain domain;
  Router router;
  REQUIRE(router.add("*.example.com", borrowed(domain)));
  REQUIRE(router.add("[::1]", borrowed(domain)));
  for (const char* host : {".", "..", "example.com.", "x.example.com.", ".example.org", "*"}) {
    CAPTURE(host);
    CHECK(router.find(host) == nullptr);
  }
  CHECK(router.find("[::1]") == &domain);
  CHECK(router.find(std::string(100'000, '.')) == nullptr);
}

TEST_CASE("router: a host and a path lead to one route, the longest prefix of that host's domain") {
  const auto domain_of = [](std::initializer_list<const char*> prefixes) {
    auto domain = std::make_shared<Domain>();
    for (const char* prefix : prefixes) REQUIRE(domain->add({.prefix = prefix, .action = Echo{}}));
    return domain;
  };
  const auto chat = domain_of({"/", "/chat", "/chat/rooms", "/admin/"});
  const auto wild = domain_of({"/", "/chat"});
  const auto bare = domain_of({"/chat"});
  Router router;
  REQUIRE(router.add("chat.example.com", chat));
  REQUIRE(router.add("www.chat.example.com", chat));
  REQUIRE(router.add("*.example.com", wild));
  REQUIRE(router.add("bare.example.org", bare));
  struct Row {
    const char* host;
    const char* path;
    const Domain* domain;
    const char* prefix;  // null: no route
  };
  const Row rows[] = {
      {"chat.example.com", "/", chat.get(), "/"},
      {"chat.example.com", "/chat", chat.get(), "/chat"},
      {"chat.example.com", "/chat/rooms/7", chat.get(), "/chat/rooms"},
      {"chat.example.com", "/chat/room", chat.get(), "/chat"},
      {"chat.example.com", "/admin", chat.get(), "/"},
      {"chat.example.com", "/admin/x", chat.get(), "/admin/"},
      {"www.chat.example.com", "/chat/rooms", chat.get(), "/chat/rooms"},
      {"other.example.com", "/chat/rooms/7", wild.get(), "/chat"},
      {"a.b.example.com", "/x", wild.get(), "/"},
      {"bare.example.org", "/chat/1", bare.get(), "/chat"},
      {"bare.example.org", "/", bare.get(), nullptr},
  };
  for (const Row& row : rows) {
    CAPTURE(row.host);
    CAPTURE(row.path);
    const Domain* const found = router.find(row.host);
    REQUIRE(found == row.domain);
    CHECK(router.share(row.host).get() == found);
    const gateway::route::Route* const route = found->route_of(row.path);
    if (row.prefix == nullptr) {
      CHECK(route == nullptr);
    } else {
      REQUIRE(route != nullptr);
      CHECK(route->prefix == row.prefix);
    }
  }
}
