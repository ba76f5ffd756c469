#include <doctest/doctest.h>

#include "tests/gateway/config/reading.h"

using namespace gateway::config;
using namespace std::chrono_literals;
using tests::contains;

namespace {

// The node file with one more line, which is line 3.
std::string node_with(std::string_view line) {
  return std::string(tests::kListener) +
         "domains: [{ domain: a.test, origin: { builtin: echo } }]\n" + std::string(line) + '\n';
}

Document document_with(std::string_view line) {
  Reading reading = read_text(node_with(line), "t.yaml");
  for (const Problem& problem : reading.problems) FAIL_CHECK(to_string(problem));
  return reading.document;
}

}  // namespace

TEST_CASE("node: every key is read") {
  Document document = read_text(R"(
version: 1
node: edge-1
workers: 4
state_dir: /srv/weir
listeners:
  - { name: web, address: "0.0.0.0", ports: [80, "81"] }
  - { name: six, address: "0:0:0:0:0:0:0:0", ports: [80], mode: first_available, tls: off, proxy_protocol: { trusted: [10.0.0.0/8, "2001:db8::/32", 192.0.2.1] } }
admin: { listen: "[::1]:9200" }
domains: [{ domain: a.test, origin: { builtin: echo } }]
log: { access: { path: off, format: json, queue: 1MiB, query: redacted, redact: [Ticket, "x-*"] }, level: debug }
drain: { delay: 1500ms, timeout: 2m, close_rate: 500 }
limits: { header_timeout: 500ms, max_head: 32KiB, max_headers: 64, max_connections: 1000 }
resolver: { servers: [10.0.0.2, "10.0.0.2:5353", "::1", "[::1]:54"], timeout: 250ms, tries: 5 }
reload: { on_change: on }
)",
                                "t.yaml")
                          .document;
  CHECK(document.node == "edge-1");
  CHECK(document.workers == 4);
  CHECK(document.state_dir == "/srv/weir");
  REQUIRE(document.listeners.size() == 2);
  CHECK(document.listeners[0].ports == std::vector<uint16_t>{80, 81});
  CHECK(document.listeners[1].address == "::");
  CHECK(document.listeners[1].mode == Listener::Mode::first_available);
  CHECK(document.listeners[1].place.line == 8);
  CHECK_FALSE(document.listeners[0].proxy_protocol.has_value());
  REQUIRE(document.listeners[1].proxy_protocol.has_value());
  const auto& trusted = document.listeners[1].proxy_protocol->trusted;
  REQUIRE(trusted.size() == 3);
  CHECK(trusted[0].contains("10.1.2.3"));
  CHECK(trusted[1].contains("2001:db8::7"));
  CHECK(to_string(trusted[2]) == "192.0.2.1/32");
  CHECK(document.admin.address == "::1");
  CHECK(document.admin.port == 9200);
  CHECK_FALSE(document.log.access.path.has_value());
  CHECK(document.log.access.queue == 1'048'576);
  CHECK(document.log.access.query == gateway::config::AccessLog::Query::redacted);
  CHECK(document.log.access.redact == std::vector<std::string>{"Ticket", "x-*"});
  CHECK(document.log.level == Log::Level::debug);
  CHECK(document.drain.timeout == seconds{120});
  CHECK(document.drain.delay == milliseconds{1500});
  CHECK(document.drain.close_rate == 500);
  CHECK(document.limits.header_timeout == milliseconds{500});
  CHECK(document.limits.max_head == 32768);
  CHECK(document.limits.max_headers == 64);
  CHECK(document.limits.max_connections == 1000);
  CHECK(document.resolver.servers ==
        std::vector<std::string>{"10.0.0.2:53", "10.0.0.2:5353", "[::1]:53", "[::1]:54"});
  CHECK(document.resolver.timeout == milliseconds{250});
  CHECK(document.resolver.tries == 5);
  CHECK(document.reload.on_change);
}

TEST_CASE("node: auto, empty sections and absent keys mean the defaults") {
  Document document = document_with("workers: auto\ndrain: { close_rate: auto }\nlimits:\nlog:");
  CHECK_FALSE(document.workers.has_value());
  CHECK_FALSE(document.drain.close_rate.has_value());
  CHECK(document.limits == NodeLimits{});
  CHECK_FALSE(document.node.empty());
}

TEST_CASE("node: wrong values are answered with what is allowed") {
  struct Row {
    const char* line;
    const char* says;
  };
  for (const Row& row : {
           Row{"version: 2", "version: \"2\" is out of range; allowed is 1 to 1"},
           Row{"node: \"a b\"", "is not a name; allowed is 1 to 64 letters"},
           Row{"node: ", "node: has no value"},
           Row{"node: [a]", "node: must be a single value, but is a list"},
           Row{"node: \"a\\nb\"", "contains a control character"},
           Row{"workers: 257", "allowed is 1 to 256, or auto"},
           Row{"workers: many", "\"many\" is not a whole number; allowed is 1 to 256, or auto"},
           Row{"admin: { listen: \"localhost:9180\" }", "is not an IP address with a port"},
           Row{"admin: { listen: 9180 }", "is not an IP address with a port"},
           Row{"admin: { listen: \"127.0.0.1:70000\" }", "is not an IP address with a port"},
           Row{"log: { level: warn }", "did you mean"},
           Row{"log: { access: json }", "log.access: must be a map (key: value), but is a single"},
           Row{"log: { access: { format: text } }", "allowed is json or dcdn"},
           Row{"log: { access: { queue: 63KiB } }", "is out of range"},
           Row{"log: { access: { queue: 2GiB } }", "is out of range"},
           Row{"log: { access: { query: on } }", "allowed is off or redacted"},
           Row{"log: { access: { redact: [\"a b\"] } }", "is no name of a query parameter"},
           Row{"log: { access: { redact: [\"*\"] } }", "is no name of a query parameter"},
           Row{"log: { access: { redact: token } }", "must be a list"},
           Row{"drain: { timeout: 1500ms }", "must be whole seconds"},
           Row{"drain: { timeout: 2h }", "allowed is 0s to 1h"},
           Row{"drain: { timeout: off }", "\"off\" is not a time"},
           Row{"drain: { delay: 301s }", "allowed is 0s to 5m"},
           Row{"drain: { delay: off }", "\"off\" is not a time"},
           Row{"drain: { close_rate: 0 }", "allowed is 1 to 1000000, or auto"},
           Row{"limits: { max_head: 16KB }", "is not a size"},
           Row{"limits: { max_head: 512 }", "allowed is 1KiB to 64KiB"},
           Row{"limits: { header_timeout: 1.5s }", "is a fraction"},
           Row{"limits: [a]", "limits: must be a map (key: value), but is a list"},
           Row{"resolver: { servers: [dns.test] }", "is not the address of a DNS server"},
           Row{"resolver: { servers: [\"10.0.0.2:0\"] }", "is not the address of a DNS server"},
           Row{"resolver: { servers: [10.0.0.2, \"10.0.0.2:53\"] }", "is listed twice"},
           Row{"resolver: { tries: 0 }", "allowed is 1 to 10"},
           Row{"resolver: { timeout: 31s }", "allowed is 100ms to 30s"},
           Row{"reload: { on_change: maybe }", "is neither true (on) nor false (off)"},
           Row{"routes: {}", "unknown key \"routes\"; known here: version"},
           Row{"listener: []", "did you mean \"listeners\"?"},
       }) {
    CAPTURE(row.line);
    auto found = tests::problems_of(node_with(row.line));
    REQUIRE(found.size() == 1);
    CAPTURE(found[0]);
    CHECK(contains(found[0], "t.yaml:3:"));
    CHECK(contains(found[0], row.says));
  }
}

TEST_CASE("node: wrong listeners are answered one by one") {
  struct Row {
    const char* listener;
    const char* says;
  };
  for (const Row& row :
       {Row{"{ ports: [80] }", "listeners[0].name: is missing"},
        Row{"{ name: web }", "listeners[0].ports: is missing"},
        Row{"{ name: web, ports: 80 }", "must be a list, but is a single value"},
        Row{"{ name: web, ports: [] }", "has 0 entries; allowed is 1 to 16"},
        Row{"{ name: web, ports: [65536] }", "ports[0]: \"65536\" is out of range"},
        Row{"{ name: web, ports: [-1] }", "is not a whole number; allowed is 0 to 65535"},
        Row{"{ name: web, ports: [80, 80] }", "port 80 is listed twice"},
        Row{"{ name: web, ports: [80], address: localhost }", "is not an IP address"},
        Row{"{ name: web, ports: [80], mode: any }", "allowed is all or first_available"},
        Row{"{ name: web, ports: [80], proxy_protocol: on }", "must be off, or a map"},
        Row{"{ name: web, ports: [80], proxy_protocol: [a] }", "must be off, or a map"},
        Row{"{ name: web, ports: [80], proxy_protocol: {} }", "trusted: is missing"},
        Row{"{ name: web, ports: [80], proxy_protocol: { trusted: [] } }",
            "has 0 entries; allowed is 1 to 1000"},
        Row{"{ name: web, ports: [80], proxy_protocol: { trusted: [lb.test] } }",
            "trusted[0]: \"lb.test\" is neither an IP address nor a network"},
        Row{"{ name: web, ports: [80], proxy_protocol: { trusted: [10.0.0.0/33] } }",
            "allowed is /0 to /32"},
        Row{"{ name: web, ports: [80], proxy_protocol: { trusted: [10.0.0.1/8] } }",
            "did you mean \"10.0.0.0/8\"?"},
        Row{"{ name: web, ports: [80], proxy_protocol: { trusted: [\"::/0\"] } }",
            "W_TRUSTS_EVERYBODY"},
        Row{"{ name: \"a/b\", ports: [80] }", "is not a name"}, Row{"web", "must be a map"}}) {
    CAPTURE(row.listener);
    auto yaml = "listeners: [" + std::string(row.listener) + "]\ndomains: []\n";
    CHECK(contains(tests::problem_with(yaml, "listeners[0]"), row.says));
  }
  CHECK(contains(tests::problem_with("listeners: []\n", "listeners"), "has 0 entries"));
  CHECK(tests::problems_of("listeners: [{ name: a, ports: [0, 0] }]\ndomains: []\n").size() == 1);
}

TEST_CASE("node: domains is a pattern or a list, and says so") {
  CHECK(contains(
      tests::problem_with(std::string(tests::kListener) + "domains: { domain: a }\n", ":2:"),
      "must be a list of domains, or a pattern"));
  CHECK(contains(tests::problem_with(std::string(tests::kListener) + "domains:\n", "domains"),
                 "has no value"));
  CHECK(contains(tests::problem_with(std::string(tests::kListener) + "domains: [[a]]\n", ":2:"),
                 "domains[0]: must be a single value, but is a list"));
  CHECK(contains(tests::problem_with(tests::kListener, "domain"), "W_NO_DOMAINS"));
}

TEST_CASE("node: how long a client's connection is kept, and who may say who it is") {
  const auto usual = document_with("");
  CHECK(usual.limits.keep_alive == 75s);
  CHECK(usual.limits.requests == 1000);
  CHECK(usual.limits.connection_age == 1h);
  CHECK(usual.trusted_proxies.empty());
  CHECK(usual.client_address_header == "X-Forwarded-For");

  const Document document = document_with(
      "limits: { keep_alive: 1h, requests: 1, connection_age: 1m }\n"
      "trusted_proxies: [10.0.0.0/8, \"::1\"]\nclient_address_header: X-Azure-ClientIP");
  CHECK(document.limits.keep_alive == 1h);
  CHECK(document.limits.requests == 1);
  CHECK(document.limits.connection_age == 1min);
  CHECK(document.trusted_proxies.size() == 2);
  CHECK(document.client_address_header == "X-Azure-ClientIP");
  const auto off = document_with("limits: { keep_alive: off, requests: off, connection_age: off }");
  CHECK_FALSE(off.limits.keep_alive);
  CHECK_FALSE(off.limits.requests);
  CHECK_FALSE(off.limits.connection_age);

  for (const auto& [keys, says] : {
           std::pair{"limits: { keep_alive: 999ms }", "allowed is 1s to 1h, or off"},
           std::pair{"limits: { requests: 0 }", "allowed is 1 to 1000000, or off"},
           std::pair{"limits: { connection_age: 59s }", "allowed is 60s to 1d, or off"},
           std::pair{"trusted_proxies: 10.0.0.0/8", "must be a list"},
           std::pair{"trusted_proxies: [proxy.test]", "trusted_proxies[0]: "},
           std::pair{"trusted_proxies: [0.0.0.0/0]", "W_TRUSTS_EVERYBODY: every client may name"},
           std::pair{"client_address_header: X-Fowarded-For",
                     "is a field that no proxy has: did you mean \"X-Forwarded-For\"?"},
           std::pair{"client_address_header: \"a b\"", "\"a b\" is no name of a field"},
       }) {
    CAPTURE(keys);
    const auto found = tests::problems_of(node_with(keys));
    REQUIRE(found.size() == 1);
    CHECK(tests::contains(found[0], says));
  }
}
