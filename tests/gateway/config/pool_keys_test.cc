#include <doctest/doctest.h>

#include "tests/gateway/config/reading.h"

using namespace gateway::config;
using namespace std::chrono_literals;

namespace {

Origin origin_with(const std::string& keys) { return tests::origin_of("builtin: echo, " + keys); }

}  // namespace

TEST_CASE("pool: servers have a priority and a weight") {
  auto servers = tests::origin_of(
                     "servers: [{ address: 10.0.0.5, priority: 1, weight: 100 }, "
                     "{ address: b.test, priority: \"255\" }, { address: c.test, weight: 1 }]")
                     .servers;
  CHECK(servers == std::vector<Server>{{"10.0.0.5", {}, 1, 100, {}},
                                       {"b.test", {}, 255, 10, {}},
                                       {"c.test", {}, 20, 1, {}}});
}

TEST_CASE("pool: ports are one or several candidates in order") {
  Origin origin = origin_with("ports: { http: [\"58888\", 59888], https: 8443 }");
  CHECK(origin.http_ports == std::vector<uint16_t>{58888, 59888});
  CHECK(origin.https_ports == std::vector<uint16_t>{8443});
}

TEST_CASE("pool: balance and what it is hashed on") {
  CHECK(origin_with("balance: least_sessions").balance == Origin::Balance::least_sessions);
  CHECK(origin_with("balance: performance").balance == Origin::Balance::performance);
  auto hashed = [](const std::string& on) {
    return origin_with("balance: hash, hash_on: \"" + on + '"').hash_on;
  };
  using Source = HashOn::Source;
  CHECK(hashed("client_ip") == HashOn{});
  CHECK(hashed("header:X-User") == HashOn{Source::header, "x-user"});
  CHECK(hashed("cookie:SID") == HashOn{Source::cookie, "SID"});
  CHECK(hashed("query:room:id") == HashOn{Source::query, "room:id"});
}

TEST_CASE("pool: health, ejection and the rest are read, and can be off") {
  Origin origin = origin_with(
      "health: { type: http, interval: 5s, timeout: 1s, fall: 10, rise: 2, path: \"/up?full=1\", "
      "host: Up.test:81, expect: [\"200-299\", 304] }, ejection: { failures: 100, time: 1h }, "
      "retries: { budget: 12.5%, attempts: 0 }, warm: 64, warm_idle: 10m, "
      "resolve: { min: 5s, max: 1d }");
  Health health;
  health.type = Health::Type::http;
  health.interval = 5s;
  health.timeout = 1s;
  health.fall = 10;
  health.rise = 2;
  health.path = "/up?full=1";
  health.host = "up.test:81";
  health.expect = {{200, 299}, {304, 304}};
  CHECK(origin.health == health);
  CHECK(origin.ejection == Ejection{100, 1h});
  CHECK(origin.retries == Retries{12.5, 0});
  CHECK(origin.warm == 64);
  CHECK(origin.warm_idle == 10min);
  CHECK(origin.resolve == Resolve{5s, 24h});
  CHECK_FALSE(origin_with("health: off").health.has_value());
  CHECK_FALSE(origin_with("ejection: off").ejection.has_value());
}

TEST_CASE("pool: what is not written has its default, health included") {
  Origin origin = tests::origin_of("builtin: echo");
  REQUIRE(origin.health.has_value());
  CHECK(origin.health->type == Health::Type::tcp);
  CHECK(origin.health->interval == 2500ms);
  CHECK(origin.health->timeout == 2s);
  CHECK(origin.health->fall == 3);
  CHECK(origin.health->rise == 1);
  CHECK(origin.ejection == Ejection{3, 10s});
  CHECK(origin.retries == Retries{20, 20});
  CHECK(origin.resolve == Resolve{1s, 5min});
  CHECK(origin_with("health: {}") == origin);
}

TEST_CASE("pool: a health check names the host that sessions name") {
  auto host = [](const std::string& domain, const std::string& keys) {
    Reading reading = read_text(std::string(tests::kListener) + "domains: [{ " + domain +
                                    ", origin: { builtin: echo" + keys + " } }]",
                                "t.yaml");
    CHECK(reading.problems.empty());
    return reading.document.domains[0].origin.health->host;
  };
  CHECK(host("names: [\"*.a.test\", b.test]", "") == "b.test");
  CHECK(host("domain: \"*.a.test\"", "") == "a.test");
  CHECK(host("domain: \"[0:0::1]\"", "") == "[::1]");
  CHECK(host("domain: a.test", ", host_header: fixed.test") == "fixed.test");
  CHECK(host("domain: a.test", ", host_header: origin").empty());
  CHECK(host("domain: a.test", ", health: { type: http, host: \"::1\" }") == "[::1]");
}

TEST_CASE("pool: defaults are inherited key by key, and an inherited part can be off") {
  Reading reading = read_text(std::string(tests::kListener) +
                                  "defaults: { origin: { builtin: echo, health: { interval: 10s, "
                                  "fall: 5 }, ejection: off, ports: { http: [1, 2] } } }\n"
                                  "domains:\n"
                                  "  - { domain: a.test, origin: { health: { fall: 2 } } }\n"
                                  "  - { domain: b.test, origin: { health: off, ejection: } }\n",
                              "t.yaml");
  CHECK(reading.problems.empty());
  const Origin& a = reading.document.domains[0].origin;
  REQUIRE(a.health.has_value());
  CHECK(a.health->interval == 10s);
  CHECK(a.health->fall == 2);
  CHECK_FALSE(a.ejection.has_value());
  CHECK(a.http_ports == std::vector<uint16_t>{1, 2});
  const Origin& b = reading.document.domains[1].origin;
  CHECK_FALSE(b.health.has_value());
  CHECK(b.ejection == Ejection{});
}

TEST_CASE("pool: what was inherited for a check of another type is dropped") {
  Reading reading =
      read_text(std::string(tests::kListener) +
                    "defaults: { origin: { builtin: echo, health: { type: http, "
                    "path: /up, host: up.test, expect: [204] } } }\n"
                    "domains:\n"
                    "  - { domain: a.test, origin: { health: { type: tcp } } }\n"
                    "  - { domain: \"[0:0::1]\", origin: { health: { type: websocket } "
                    "} }\n",
                "t.yaml");
  CHECK(reading.problems.empty());
  Health tcp;
  tcp.host = "a.test";
  CHECK(reading.document.domains[0].origin.health == tcp);
  Health websocket;
  websocket.type = Health::Type::websocket;
  websocket.path = "/up";
  websocket.host = "up.test";
  CHECK(reading.document.domains[1].origin.health == websocket);
}

TEST_CASE("pool: wrong values are answered with what is allowed") {
  tests::expect_in_origin({
      {"servers: [{ address: a, priority: 0 }]",
       "servers[0].priority: \"0\" is out of range; "
       "allowed is 1 to 255"},
      {"servers: [{ address: a, priority: high }]", "is not a whole number"},
      {"servers: [{ address: a, weight: 101 }]", "allowed is 0 to 100"},
      {"servers: [{ address: a, host: b }]", "did you mean \"origin.servers.address\"?"},
      {"ports: { https: [] }", "has 0 entries; allowed is 1 to 16"},
      {"ports: { http: [80, 80] }", "ports.http[1]: port 80 is listed twice"},
      {"ports: { http: [80, 0] }", "ports.http[1]: \"0\" is out of range"},
      {"ports: { http: { a: 1 } }", "must be a single value"},
      {"balance: wieghted", "did you mean \"weighted\"?"},
      {"balance: random", "allowed is weighted, least_sessions, hash or performance"},
      {"balance: hash, hash_on: ip", "allowed is client_ip, \"header:NAME\""},
      {"balance: hash, hash_on: cookie", "is not known here"},
      {"balance: hash, hash_on: \"cookie:\"", "\"\" is not the name of a cookie"},
      {"balance: hash, hash_on: \"client_ip:x\"", "is not known here"},
      {"balance: hash, hash_on: \"header:a b\"", "is not the name of a header"},
      {"balance: hash, hash_on: \"query:a&b\"", "is not the name of a query"},
      {"health: on", "health: must be off, or a map (key: value), but is a single value"},
      {"health: { type: https }", "allowed is tcp, http or websocket"},
      {"health: { interval: 499ms }", "allowed is 500ms to 5m"},
      {"health: { timeout: 61s, interval: 5m }", "allowed is 100ms to 60s"},
      {"health: { fall: 0 }", "allowed is 1 to 10"},
      {"health: { rise: 11 }", "allowed is 1 to 10"},
      {"health: { type: http, path: up }", "is not a path"},
      {"health: { type: http, path: \"/a b\" }", "is not a path"},
      {"health: { type: http, path: \"/a#b\" }", "is not a path"},
      {"health: { type: http, host: \"a b\" }", "is not a host"},
      {"health: { type: http, host: \"a:0\" }", "is not a host"},
      {"health: { type: http, expect: [] }", "has 0 entries"},
      {"health: { type: http, expect: [\"2xx\"] }", "expect[0]: \"2xx\" is no range"},
      {"health: { type: http, expect: [\"399-200\"] }", "is no range"},
      {"health: { type: http, expect: [600] }", "allowed is 100 to 599"},
      {"health: { path: / }", "W_HEALTH_TYPE: acts only with type: http or websocket"},
      {"health: { type: websocket, expect: [101] }", "W_HEALTH_TYPE: acts only with type: http"},
      {"ejection: { failures: 0 }", "allowed is 1 to 100"},
      {"ejection: { time: 61m }", "allowed is 1s to 1h"},
      {"ejection: 3", "must be off, or a map"},
      {"retries: { budget: 101% }", "allowed is 0% to 100%"},
      {"retries: { attempts: 101 }", "allowed is 0 to 100"},
      {"retries: off", "retries: must be a map"},
      {"warm: 65", "allowed is 0 to 64"},
      {"warm: 5000000000", "allowed is 0 to 64"},
      {"warm_idle: 11m", "allowed is 1s to 10m"},
      {"resolve: { min: 0 }", "allowed is 1s to 1d"},
      {"resolve: { max: 25h }", "allowed is 1s to 1d"},
      {"resolve: { min: 6m }", "resolve.min: min is above max"},
      {"resolve: { max: 1s, min: 2s }", "resolve.min: min is above max"},
  });
}
