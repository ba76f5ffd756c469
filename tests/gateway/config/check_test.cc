#include "gateway/config/check.h"

#include <doctest/doctest.h>

#include "tests/gateway/config/reading.h"

using namespace gateway::config;
using tests::contains;

namespace {

std::string enabled(std::string_view keys) {
  return tests::with_domain("websocket: { enabled: true }\n" + std::string(keys));
}

// The one problem there is.
std::string only(const std::string& yaml) {
  auto found = tests::problems_of(yaml);
  for (const std::string& problem : found) INFO(problem);
  REQUIRE(found.size() == 1);
  return found[0];
}

std::string listeners(const std::string& list, const std::string& rest = "") {
  return "listeners: " + list + "\ndomains: [{ domain: a, origin: { builtin: echo } }]\n" + rest;
}

}  // namespace

TEST_CASE("check: WebSocket excludes kind cdn, http2 and switched-off acceleration") {
  CHECK(only(enabled("kind: cdn\norigin: { builtin: echo }")) ==
        "t.yaml:5:5: kind: domain chat.example.com: WebSocket needs kind: dcdn; kind is cdn and "
        "websocket.enabled is true");
  CHECK(contains(only(enabled("http2: true\norigin: { builtin: echo }")),
                 "http2: true and websocket.enabled: true exclude each other"));
  CHECK(contains(only(enabled("acceleration: { dynamic: false }\norigin: { builtin: echo }")),
                 "websocket.enabled: true needs acceleration.dynamic: true"));
  CHECK(tests::problems_of(
            tests::with_domain("kind: cdn\nhttp2: true\nacceleration: { dynamic: false }\n"
                               "origin: { builtin: echo }"))
            .empty());
}

TEST_CASE("check: an enabled domain needs an origin, and one kind of it") {
  CHECK(contains(only(enabled("")), "websocket.enabled needs an origin"));
  CHECK(contains(only(tests::with_domain("")), "W_NO_ORIGIN"));
  CHECK(contains(only(enabled("origin: { builtin: echo, servers: [{ address: 10.0.0.1 }] }")),
                 "builtin and servers exclude each other"));
}

TEST_CASE("FY2 check: a name in another spelling is the same name") {
  auto two = [](const std::string& one, const std::string& other) {
    return tests::problems_of(std::string(tests::kListener) + "domains:\n  - { domain: \"" + one +
                              "\", origin: { builtin: echo } }\n  - { domain: \"" + other +
                              "\", origin: { builtin: echo } }\n");
  };
  for (const auto& [one, other] :
       {std::pair{"[0:0:0:0:0:0:0:1]", "[::1]"}, std::pair{"A.test", "a.test."},
        std::pair{"*.a.test", "*.A.test."}}) {
    CAPTURE(one);
    const auto found = two(one, other);
    REQUIRE(found.size() == 1);
    CHECK(contains(found[0], "belongs already to the domain at t.yaml:3"));
  }
  CHECK(two("[::1]", "[::2]").empty());
  CHECK(two("a.test", "*.a.test").empty());
}

TEST_CASE("check: an origin that is the domain itself is a loop") {
  CHECK(contains(only(enabled("origin: { servers: [{ address: \"Chat.example.com.:81\" }] }")),
                 "is the domain itself"));
  CHECK(contains(only(enabled("origin: { servers: [{ address: \"chat.example.com:81\" }] }")),
                 "t.yaml:5:25: origin.servers: domain chat.example.com: the origin "
                 "\"chat.example.com\" is the domain itself"));
  auto local = [](const char* name, const char* address) {
    return tests::problems_of(std::string(tests::kListener) + "domains: [{ names: [\"" + name +
                              "\"], http: { enabled: true }, origin: { servers: [{ address: \"" +
                              address + "\" }] } }]\n");
  };
  CHECK(local("localhost", "localhost:8080").size() == 1);
  CHECK(local("127.0.0.1", "127.0.0.1:8080").size() == 1);
  CHECK(local("[::1]", "[::1]:8080").size() == 1);
  // Another port of this machine is another server.
  CHECK(local("localhost", "localhost:9000").empty());
  CHECK(local("127.0.0.1", "127.0.0.1:9000").empty());
  CHECK(local("127.0.0.1", "127.0.0.1").empty());
  CHECK(local("*.example.com", "origin.example.com").empty());
}

TEST_CASE("check: a name belongs to one domain") {
  auto found = only(std::string(tests::kListener) +
                    "domains:\n"
                    "  - { names: [a.test, b.test], origin: { builtin: echo } }\n"
                    "  - { domain: B.test, origin: { builtin: echo } }\n");
  CHECK(found == "t.yaml:4:7: domain: \"b.test\" belongs already to the domain at t.yaml:3");
  CHECK(tests::problems_of(std::string(tests::kListener) +
                           "domains:\n"
                           "  - { domain: a.test, origin: { builtin: echo } }\n"
                           "  - { domain: \"*.a.test\", origin: { builtin: echo } }\n")
            .empty());
}

TEST_CASE("check: listeners have a name and an address of their own") {
  CHECK(contains(only(listeners("[{ name: a, ports: [1] }, { name: a, ports: [2] }]")),
                 "a second listener is called \"a\""));
  CHECK(contains(only(listeners("[{ name: a, ports: [1, 2] }, { name: b, ports: [2] }]")),
                 "0.0.0.0:2 belongs already to listener \"a\""));
  CHECK(contains(only(listeners("[{ name: a, address: \"::1\", ports: [1] }, "
                                "{ name: b, address: \"0:0:0:0:0:0:0:1\", ports: [1] }]")),
                 "[::1]:1 belongs already"));
  CHECK(tests::problems_of(listeners("[{ name: a, ports: [0] }, { name: b, ports: [0] }, "
                                     "{ name: c, address: \"::\", ports: [5] }, "
                                     "{ name: d, address: 127.0.0.1, ports: [5] }]"))
            .empty());
}

TEST_CASE("check: the admin port is no listener's") {
  CHECK(contains(only(listeners("[{ name: a, ports: [9180] }]")),
                 "127.0.0.1:9180 is also a port of listener \"a\""));
  CHECK(contains(only(listeners("[{ name: a, address: 127.0.0.1, ports: [9180] }]",
                                "admin: { listen: \"0.0.0.0:9180\" }\n")),
                 "t.yaml:3:8: admin.listen"));
  CHECK(tests::problems_of(listeners("[{ name: a, address: 127.0.0.2, ports: [9180] }]")).empty());
  CHECK(tests::problems_of(listeners("[{ name: a, address: \"::\", ports: [9180] }]")).empty());
  CHECK(tests::problems_of(
            listeners("[{ name: a, ports: [0] }]", "admin: { listen: \"127.0.0.1:0\" }\n"))
            .empty());
}

TEST_CASE("check: a TLS listener needs a certificate somewhere") {
  CHECK(contains(only(listeners("[{ name: a, ports: [1], tls: true }]")),
                 "listener \"a\" has tls: true, but no domain has a certificate"));
  CHECK(tests::problems_of("listeners: [{ name: a, ports: [1], tls: true }]\n"
                           "domains: [{ domain: a, origin: { builtin: echo }, "
                           "tls: { certificate: \"file:/a\", key: \"file:/b\" } }]\n")
            .empty());
}

TEST_CASE("check: the order of the three timeouts, A <= B <= C, is a warning with the values") {
  auto order = [](const char* a, const char* b, const char* c) {
    return tests::with_domain(
        "origin: { builtin: echo }\nwebsocket: { client_timeout: " + std::string(a) +
        ", connection_timeout: " + b + ", origin_timeout: " + c + " }");
  };
  CHECK(only(order("90", "60", "120")) ==
        "t.yaml:5:18: websocket.client_timeout: W_TIMEOUT_ORDER: domain chat.example.com: "
        "client_timeout 90s > connection_timeout 60s: the edge may close a live client (A <= B <= "
        "C)");
  CHECK(only(order("30", "60", "45s")) ==
        "t.yaml:5:62: websocket.origin_timeout: W_TIMEOUT_ORDER: domain chat.example.com: "
        "connection_timeout 60s > origin_timeout 45s: the origin may close a live session (A <= B "
        "<= C)");
  CHECK(tests::problems_of(order("90", "60", "30")).size() == 2);
  CHECK(tests::problems_of(order("60", "60", "60")).empty());
  CHECK(tests::problems_of(order("off", "60", "off")).empty());
  CHECK(read_text(order("90", "60", "120"), "t").ok());
}

TEST_CASE("check: times that cannot do what they are for are warnings") {
  CHECK(contains(only(tests::with_domain("origin: { builtin: echo, request_timeout: 151s, "
                                         "establish_timeout: 15m }")),
                 "W_REQUEST_TIMEOUT: domain chat.example.com: request_timeout 151s is above 150s"));
  CHECK(tests::problems_of(tests::with_domain("origin: { builtin: echo, request_timeout: 150s, "
                                              "establish_timeout: 150s }"))
            .empty());
  CHECK(contains(only(tests::with_domain("origin: { builtin: echo, request_timeout: 90s }")),
                 "W_ESTABLISH_TIMEOUT: domain chat.example.com: request_timeout 90s > "
                 "establish_timeout 60s"));
  CHECK(contains(only(tests::with_domain("origin: { builtin: echo }\n"
                                         "websocket: { keepalive: { interval: 60s } }")),
                 "W_KEEPALIVE"));
}

TEST_CASE("check: what is missing is not reported beside the error that made it so") {
  CHECK(
      only("listeners: [{ name: a, ports: [1], tls: true }]\n"
           "domains: [{ domain: a, websocket: { enabled: true }, orgin: { builtin: echo } }]\n") ==
      "t.yaml:2:54: domains[0]: unknown key \"orgin\": did you mean \"origin\"?");
}

TEST_CASE("FY20 check: a rule about two keys points at the key that it names") {
  const auto at = [](const std::string& keys, const std::string& place) {
    CAPTURE(keys);
    CHECK(only(enabled(keys)).starts_with("t.yaml:" + place + ": "));
  };
  const std::string echo = "origin: { builtin: echo }\n";
  at(echo + "http2: true", "6:5: http2");
  at(echo + "acceleration: { dynamic: false }", "6:21: acceleration.dynamic");
  at(echo + "acceleration:\n  dynamic: false", "7:7: acceleration.dynamic");
  at("origin:\n  servers: [{ address: 10.0.0.5 }]\n  health: off\n  request_timeout: 200s\n"
     "  establish_timeout: 300s",
     "8:7: origin.request_timeout");
  at("origin:\n  servers: [{ address: 10.0.0.5 }]\n  hash_on: \"cookie:sid\"",
     "7:7: origin.hash_on");
}
