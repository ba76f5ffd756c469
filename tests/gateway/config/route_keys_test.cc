#include <doctest/doctest.h>

#include "tests/gateway/config/reading.h"

using namespace gateway::config;
using namespace std::chrono_literals;
using tests::contains;

namespace {

// A domain with an origin of its own, with `routes` in a list on line 6.
std::string with_routes(const std::string& routes) {
  return tests::with_domain(
      "http: { enabled: true, response_timeout: 60s }\n"
      "origin: { servers: [{ address: 10.0.0.5 }], connect_timeout: 3s }\n"
      "routes: [" +
      routes + "]");
}

std::vector<RouteSettings> routes_of(const std::string& yaml) {
  const Reading reading = read_text(yaml, "t.yaml");
  for (const Problem& problem : reading.problems) FAIL_CHECK(to_string(problem));
  REQUIRE(reading.document.domains.size() == 1);
  return reading.document.domains[0].routes;
}

RouteSettings route_with(const std::string& keys) {
  auto routes = routes_of(with_routes("{ path: /a, " + keys + " }"));
  REQUIRE(routes.size() == 1);
  return routes[0];
}

struct Row {
  const char* keys;
  const char* says;
};

void expect(std::initializer_list<Row> rows) {
  for (const Row& row : rows) {
    CAPTURE(row.keys);
    const auto found = tests::problems_of(with_routes(row.keys));
    REQUIRE(found.size() >= 1);
    CAPTURE(found[0]);
    CHECK(found.size() == 1);
    CHECK(contains(found[0], "t.yaml:6:"));
    CHECK(contains(found[0], row.says));
  }
}

}  // namespace

TEST_CASE("Q2 route: what it does not say is the domain's, key by key") {
  const RouteSettings route =
      route_with("http: { max_body: 1MiB }, websocket: { enabled: true, close_timeout: 1s }");
  CHECK(route.path == "/a");
  CHECK(route.place.line == 6);
  CHECK(route.http.enabled);
  CHECK(route.http.response_timeout == 60s);
  CHECK(route.http.max_body == 1'048'576);
  CHECK(route.websocket.enabled);
  CHECK(route.websocket.close_timeout == 1s);
  REQUIRE(route.origin.servers.size() == 1);
  CHECK(route.origin.connect_timeout == 3s);
  CHECK_FALSE(route.own_pool);
  CHECK(route.leads_to_origin());
}

TEST_CASE("Q2 route: a pool of its own where its origin is another") {
  CHECK(route_with("origin: { servers: [{ address: 10.0.0.6 }] }").own_pool);
  CHECK(route_with("origin: { connect_timeout: 4s }").own_pool);
  CHECK(route_with("origin: { balance: hash }").own_pool);
  CHECK(route_with("origin: { sticky: cookie }").own_pool);
  CHECK(route_with("origin: { health: off }").own_pool);
  CHECK_FALSE(route_with("origin: { connect_timeout: 3s }").own_pool);
  CHECK_FALSE(route_with("origin: {}").own_pool);
  CHECK_FALSE(route_with("http: { enabled: false }").own_pool);
}

TEST_CASE("Q2 route: its servers or its echo take the place of the domain's") {
  for (const char* keys : {"builtin: echo", "origin: { builtin: echo }"}) {
    CAPTURE(keys);
    const RouteSettings echo = route_with(keys);
    CHECK(echo.origin.builtin == Origin::Builtin::echo);
    CHECK(echo.origin.servers.empty());
    CHECK(echo.own_pool);
  }
  const auto routes = routes_of(
      tests::with_domain("origin: { builtin: echo }\n"
                         "routes: [{ path: /, origin: { servers: [{ address: 10.0.0.6 }] }, "
                         "http: { enabled: true } }, { path: /echo }]"));
  CHECK(routes[0].origin.builtin == Origin::Builtin::none);
  CHECK(routes[0].origin.servers.size() == 1);
  CHECK(routes[1].origin.builtin == Origin::Builtin::echo);
}

TEST_CASE("Q2 route: redirect and respond are actions of their own") {
  const RouteSettings redirect = route_with("redirect: { to: \"https://b.test/x/\", status: 301 }");
  CHECK(redirect.redirect == RedirectTo{"https://b.test/x/", 301});
  CHECK_FALSE(redirect.leads_to_origin());
  CHECK_FALSE(redirect.own_pool);
  CHECK(route_with("redirect: { to: /b }").redirect == RedirectTo{"/b", 308});
  const RouteSettings respond =
      route_with("respond: { status: 503, body: \"a\\n\\tb\", type: text/html }");
  CHECK(respond.respond == RespondWith{503, "a\n\tb", "text/html"});
  CHECK(route_with("respond: {}").respond == RespondWith{});
  CHECK(route_with("respond: { body: }").respond == RespondWith{});
}

TEST_CASE("Q2 route: a health check names the host that its requests name") {
  const RouteSettings route = route_with("origin: { host_header: b.test, health: { type: http } }");
  REQUIRE(route.origin.health.has_value());
  CHECK(route.origin.health->host == "b.test");
  CHECK(route_with("origin: { connect_timeout: 4s }").origin.health->host == "chat.example.com");
}

TEST_CASE("Q1, Q2 route: wrong ones are answered with what is allowed") {
  expect({
      {"{ http: {} }", "routes[0].path: is missing: write one such as /api"},
      {"{ path: api }", "routes[0].path: \"api\" is no beginning of a path: it begins with /"},
      {"{ path: \"/a?b\" }", "queries and fragments have no part in it"},
      {"{ path: \"/a#b\" }", "queries and fragments have no part in it"},
      {"{ path: /a%20b }", "can be read in more than one way"},
      {"{ path: //a }", "as one slash"},
      {"{ path: /a/../b }", "no segment . or .."},
      {"{ path: /a, hosts: 1 }", "unknown key \"hosts\""},
      {"{ path: /A, Path: /a }", "unknown key \"Path\": did you mean \"path\"?"},
      {"{ path: /a, sticky: cookie }", "unknown key \"sticky\": did you mean \"origin.sticky\"?"},
      {"/a", "must be a map: write { path: \"/a\" }"},
      {"{ path: /a, origin: { connect_timout: 1s } }", "did you mean \"connect_timeout\"?"},
      {"{ path: /a, http: { response_timeout: 0 } }", "routes[0].http.response_timeout"},
      {"{ path: /a, origin: {}, redirect: { to: /b } }",
       "redirect: stands beside origin: a route has one of origin, redirect, respond and builtin"},
      {"{ path: /a, respond: {}, builtin: echo }", "builtin: stands beside respond"},
      {"{ path: /a, redirect: { to: /b }, respond: {} }", "respond: stands beside redirect"},
      {"{ path: /a, builtin: ekho }", "did you mean \"echo\"?"},
      {"{ path: /a, redirect: {} }", "redirect.to: is missing: write https://host"},
      {"{ path: /a, redirect: { to: b } }", "\"b\" is neither a path nor a URL with https://"},
      {"{ path: /a, redirect: { to: \"http://b.test\" } }", "is neither a path nor a URL"},
      {"{ path: /a, redirect: { to: \"//b.test/\" } }", "write https://b.test/"},
      {"{ path: /a, redirect: { to: \"https://u@b.test/\" } }", "has a user or a password in it"},
      {"{ path: /a, redirect: { to: \"https:///b\" } }", "names no host"},
      {"{ path: /a, redirect: { to: \"https://b.test:0/\" } }", "names no host"},
      {"{ path: /a, redirect: { to: \"/b c\" } }", "without spaces"},
      {"{ path: /a, redirect: { to: \"/b#c\" } }", "without spaces, #"},
      {"{ path: /a, redirect: { to: /b, status: 303 } }", "allowed is 301, 302, 307 or 308"},
      {"{ path: /a, respond: { status: 199 } }", "allowed is 200 to 599"},
      {"{ path: /a, respond: { type: html } }", "\"html\" is no media type"},
      {"{ path: /a, respond: { type: \"a b/c\" } }", "is no media type"},
      {"{ path: /a, respond: { status: 204, body: x } }", "an answer with status 204 has none"},
      {"{ path: /a, respond: { body: [] } }", "must be a text"},
  });
  const std::string longest(65'536, 'x');
  CHECK(route_with("respond: { body: " + longest + " }").respond->body == longest);
  CHECK(contains(
      tests::problem_with(with_routes("{ path: /a, respond: { body: " + longest + "x } }"), "body"),
      "has 65537 bytes; allowed are 65536"));
}
