#include "gateway/config/route_check.h"

#include <doctest/doctest.h>

#include "tests/gateway/config/reading.h"

using tests::contains;

namespace {

constexpr const char* kOwn =
    "http: { enabled: true }\norigin: { servers: [{ address: 10.0.0.5 }] }\n";
constexpr const char* kOther = "origin: { servers: [{ address: 10.0.0.6 }] }";

std::string domain(const std::string& routes, const std::string& keys = kOwn) {
  return tests::with_domain(keys + "routes: [" + routes + "]");
}

std::string only(const std::string& yaml) {
  const auto found = tests::problems_of(yaml);
  for (const std::string& problem : found) INFO(problem);
  REQUIRE(found.size() == 1);
  return found[0];
}

bool good(const std::string& yaml) { return tests::problems_of(yaml).empty(); }

}  // namespace

TEST_CASE("Q1 route check: a prefix stands once") {
  CHECK(contains(only(domain("{ path: /a }, { path: /b }, { path: /a }")),
                 "t.yaml:6:44: routes[2].path: route /a of domain chat.example.com: it is the "
                 "second with this path; the first is at t.yaml:6"));
  CHECK(good(domain("{ path: /a }, { path: /a/ }, { path: /A }")));
}

TEST_CASE("Q2 route check: an origin that nothing leads to is a warning") {
  const std::string all = std::string("{ path: /, ") + kOther + " }";
  CHECK(
      contains(only(domain(all)),
               "t.yaml:5:5: origin: W_ROUTE_SHADOWED: domain chat.example.com: the route / covers "
               "every path, so the domain's own origin is never asked"));
  CHECK(good(domain(all + ", { path: /a }")));
  CHECK(good(domain("{ path: / }")));
  CHECK(good(domain(std::string("{ path: /a, ") + kOther + " }")));
}

TEST_CASE("Q2 route check: a route needs an action where the domain has no origin") {
  const std::string keys = "http: { enabled: true }\n";
  CHECK(good(domain(std::string("{ path: /a, ") + kOther + " }", keys)));
  CHECK(good(domain("{ path: /a, redirect: { to: /b } }, { path: /c, respond: {} }", keys)));
  CHECK(contains(only(domain("{ path: /a, http: { enabled: true } }", keys)),
                 "routes[0].origin: route /a of domain chat.example.com: it has no action"));
}

TEST_CASE("Q5 route check: a redirect to itself is an error") {
  const auto to = [](const std::string& path, const std::string& destination) {
    return domain("{ path: " + path + ", redirect: { to: \"" + destination + "\" } }",
                  "kind: dcdn\n");
  };
  CHECK(contains(only(to("/a", "/a/b")),
                 "routes[0].redirect.to: route /a of domain "
                 "chat.example.com: \"/a/b\" leads back to this route"));
  for (const char* destination : {"/", "/b?x", "https://chat.example.com",
                                  "https://Chat.Example.com:443/", "https://chat.example.com?x"}) {
    CAPTURE(destination);
    CHECK(contains(only(to("/", destination)), "leads back to this route"));
  }
  for (const char* destination : {"https://b.test/", "https://chat.example.com:8443/"})
    CHECK(good(to("/", destination)));
  CHECK(good(to("/a", "/ab")));
  CHECK(good(to("/a/", "/a")));
  CHECK(good(domain("{ path: /a/b }, { path: /a, redirect: { to: /a/b/c } }")));
}

TEST_CASE("route check: the rules about an origin and about times hold for routes") {
  CHECK(contains(only(domain("{ path: /a, origin: { hash_on: \"cookie:sid\" } }")),
                 "t.yaml:6:36: routes[0].origin.hash_on: W_HASH_ON: route /a of domain "
                 "chat.example.com: hash_on acts only with balance: hash"));
  CHECK(contains(only(domain("{ path: /a, origin: { servers: [{ address: chat.example.com }] } }")),
                 "routes[0].origin.servers: route /a of domain chat.example.com: the origin"));
  CHECK(contains(only(domain("{ path: /a, websocket: { client_timeout: 90s } }")),
                 "routes[0].websocket.client_timeout: W_TIMEOUT_ORDER"));
  CHECK(contains(
      only(domain("{ path: /a, websocket: { enabled: true } }", std::string(kOwn) + "kind: cdn\n")),
      "WebSocket needs kind: dcdn"));
  CHECK(contains(only(domain("{ path: /a, http: { redirect_https: {} } }")),
                 "routes[0].http.redirect_https: route /a of domain chat.example.com: "
                 "redirect_https leads to https"));
}

TEST_CASE("K3 route check: servers that are all drained are an error") {
  CHECK(
      contains(only(domain("{ path: /a, origin: { servers: [{ address: a, weight: 0 }, { address: "
                           "b, weight: 0 }] } }")),
               "every server has weight: 0, so nobody new could be given to any of them"));
  CHECK(
      good(domain("{ path: /a, origin: { servers: [{ address: a, weight: 0 }, { address: b, "
                  "weight: 1 }] } }")));
}

TEST_CASE("route check: one route that answers is enough") {
  const std::string off = "origin: { servers: [{ address: 10.0.0.5 }] }\n";
  CHECK(contains(only(domain("{ path: /a }", off)), "W_NOTHING_ENABLED"));
  for (const char* keys : {"http: { enabled: true }", "websocket: { enabled: true }",
                           "builtin: echo", "redirect: { to: /b }", "respond: {}"})
    CHECK(good(domain(std::string("{ path: /a, ") + keys + " }", off)));
}
