#include "gateway/config/domain_reader.h"

#include <doctest/doctest.h>

#include "tests/gateway/config/reading.h"

using namespace gateway::config;
using namespace std::chrono_literals;
using tests::contains;

namespace {

// `keys` come in front of an origin that serves, so that nothing else is wrong.
std::string domain_with(std::string_view keys) {
  return tests::with_domain(std::string(keys) + "\norigin: { builtin: echo }");
}

Domain read_one(const std::string& yaml) {
  Reading reading = read_text(yaml, "t.yaml");
  for (const Problem& problem : reading.problems) FAIL_CHECK(to_string(problem));
  REQUIRE(reading.document.domains.size() == 1);
  return reading.document.domains[0];
}

struct Row {
  const char* keys;
  const char* says;
};

void expect(const std::string& yaml, const Row& row) {
  CAPTURE(row.keys);
  auto found = tests::problems_of(yaml);
  REQUIRE(found.size() == 1);
  CAPTURE(found[0]);
  CHECK(contains(found[0], "t.yaml:4:"));
  CHECK(contains(found[0], row.says));
}

}  // namespace

TEST_CASE("domain: every key of websocket is read") {
  WebSocket websocket = read_one(domain_with(R"(websocket:
  enabled: true
  connection_timeout: 90
  client_timeout: 30s
  origin_timeout: 2m
  read_idle: { client: 10s, origin: -1 }
  write_idle: { client: off, origin: 20s }
  keepalive: { interval: 25s, timeout: 5s }
  max_lifetime: { after: 4h, jitter: 2.5% }
  send_stall_timeout: -1
  close_timeout: 5s
  abnormal_close_send_timeout: 100ms
  max_message: { text: 125, binary: 1GiB }
  on_disable: drain)"))
                            .websocket;
  WebSocket expected;
  expected.enabled = true;
  expected.connection_timeout = 90s;
  expected.client_timeout = 30s;
  expected.origin_timeout = 120s;
  expected.read_idle.client = 10s;
  expected.write_idle.origin = 20s;
  expected.keepalive.interval = 25s;
  expected.keepalive.timeout = 5s;
  expected.max_lifetime.after = 4h;
  expected.max_lifetime.jitter_percent = 2.5;
  expected.send_stall_timeout = std::nullopt;
  expected.close_timeout = 5s;
  expected.abnormal_close_send_timeout = 100ms;
  expected.max_message = {125, 1'073'741'824};
  expected.on_disable = WebSocket::OnDisable::drain;
  CHECK(websocket == expected);
}

TEST_CASE("domain: wrong values of websocket are answered with the range") {
  for (const Row& row : {
           Row{"websocket: { enabled: 1 }", "is neither true (on) nor false (off)"},
           Row{"websocket: { connection_timeout: 0 }", "allowed is 1s to 30d"},
           Row{"websocket: { connection_timeout: -1 }", "allowed is 1s to 30d"},
           Row{"websocket: { connection_timeout: off }", "\"off\" is not a time"},
           Row{"websocket: { connection_timeout: 999ms }", "is out of range"},
           Row{"websocket: { connection_timeout: 31d }",
               "\"31d\" is out of range; allowed is 1s to 30d"},
           Row{"websocket: { connection_timeout: 1.5s }", "is a fraction"},
           Row{"websocket: { idle_timeout: 60 }", "did you mean \"websocket.connection_timeout\"?"},
           Row{"websocket: { client_timeout: -1 }", "allowed is 1s to 30d, or off"},
           Row{"websocket: { read_idle: 10s }", "websocket.read_idle: must be a map"},
           Row{"websocket: { read_idle: { both: 1 } }", "known here: client or origin"},
           Row{"websocket: { keepalive: { interval: 0 } }", "allowed is 1s to 1d, or off"},
           Row{"websocket: { keepalive: { timeout: 6m } }", "allowed is 100ms to 5m"},
           Row{"websocket: { max_lifetime: { jitter: 51% } }", "allowed is 0% to 50%"},
           Row{"websocket: { max_lifetime: { after: 366d } }", "allowed is 1s to 365d, or off"},
           Row{"websocket: { send_stall_timeout: 0 }", "allowed is 100ms to 1h, or off (-1)"},
           Row{"websocket: { close_timeout: 301s }", "allowed is 100ms to 5m"},
           Row{"websocket: { close_timeout: off }", "is not a time"},
           Row{"websocket: { on_disable: close }", "allowed is keep or drain"},
           Row{"websocket: { max_message: 1000 }", "max_message: must be a map"},
           Row{"websocket: { max_message: { text: 124 } }", "allowed is 125 to 1GiB, or off"},
           Row{"websocket: { max_message: { binary: 2GiB } }", "is out of range"},
           Row{"websocket: { max_message: { all: 1 } }", "known here: text or binary"},
           Row{"websocket: { max_frame: 1 }", "unknown key \"max_frame\""},
           Row{"websocket: true", "must be a map"},
       }) {
    expect(domain_with(row.keys), row);
  }
}

TEST_CASE("domain: a close time that is not positive is a warning and the default, as in Tomcat") {
  for (const char* value : {"0", "-1", "-5s"}) {
    Reading reading = read_text(domain_with("websocket: { close_timeout: " + std::string(value) +
                                            ", abnormal_close_send_timeout: " + value + " }"),
                                "t.yaml");
    CHECK(reading.ok());
    REQUIRE(reading.problems.size() == 2);
    CHECK(reading.problems[0].code == "W_NOT_POSITIVE");
    CHECK(contains(reading.problems[0].text, "ignored and 30s used instead"));
    CHECK(reading.document.domains[0].websocket.close_timeout == 30s);
    CHECK(reading.document.domains[0].websocket.abnormal_close_send_timeout == 50ms);
  }
}

TEST_CASE("domain: every key of origin is read") {
  Origin origin = read_one(tests::with_domain(R"(origin:
  protocol: https
  host_header: Backend.Example.net
  sni: sni.example.net
  ports: { http: 8000, https: "8443" }
  servers: [{ address: "10.0.0.5:8080" }, { address: "[::1]:81" }, { address: "::1" }, { address: Standby.example.net }]
  tls: { verify: false, ca: file:/etc/ca.pem, pins: ["sha256/AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="] }
  connect_timeout: 1s
  io_timeout: 2s
  request_timeout: 3s
  establish_timeout: 4s
  max_response_head: 8KiB
  max_response_headers: 50
http: { enabled: true })"))
                      .origin;
  CHECK(origin.protocol == Origin::Protocol::https);
  CHECK(origin.host_header == Origin::Host::fixed);
  CHECK(origin.fixed_host == "backend.example.net");
  CHECK(origin.sni == "sni.example.net");
  CHECK(origin.http_ports == std::vector<uint16_t>{8000});
  CHECK(origin.https_ports == std::vector<uint16_t>{8443});
  REQUIRE(origin.servers.size() == 4);
  CHECK(origin.servers[0] == Server{"10.0.0.5", 8080, 20, 10, {}});
  CHECK(origin.servers[1] == Server{"::1", 81, 20, 10, {}});
  CHECK(origin.servers[2] == Server{"::1", std::nullopt, 20, 10, {}});
  CHECK(origin.servers[3] == Server{"standby.example.net", std::nullopt, 20, 10, {}});
  CHECK(origin.servers[0].place.line == 9);
  CHECK_FALSE(origin.tls.verify);
  CHECK(origin.tls.ca == "file:/etc/ca.pem");
  CHECK(origin.connect_timeout == 1s);
  CHECK(origin.io_timeout == 2s);
  CHECK(origin.request_timeout == 3s);
  CHECK(origin.establish_timeout == 4s);
  CHECK(origin.max_response_head == 8192);
  CHECK(origin.max_response_headers == 50);
}

TEST_CASE("domain: wrong values of origin are answered with the way out") {
  for (const Row& row : {
           Row{"origin: { builtin: ekho }", "did you mean \"echo\"?"},
           Row{"origin: { protocol: wss }", "allowed is follow, http, https or follow_port"},
           Row{"origin: { protocol: follow-port }", "did you mean \"follow_port\"?"},
           Row{"origin: { host_header: cleint }", "did you mean \"client\"?"},
           Row{"origin: { host_header: \"a b\" }", "may consist of letters"},
           Row{"origin: { host_header: \"a.example:80\" }", "without a port"},
           Row{"origin: { sni: 10.0.0.1 }", "cannot be an IP address"},
           Row{"origin: { ports: { http: 0 } }", "allowed is 1 to 65535"},
           Row{"origin: { ports: { http: [] } }", "has 0 entries; allowed is 1 to 16"},
           Row{"origin: { servers: [] }", "has 0 entries; allowed is 1 to 20"},
           Row{"origin: { servers: [10.0.0.5] }", "write { address: \"10.0.0.5\" }"},
           Row{"origin: { servers: [{}] }", "servers[0].address: is missing"},
           Row{"origin: { servers: [{ address: \"http://10.0.0.5\" }] }", "is a URL"},
           Row{"origin: { servers: [{ address: \"10.0.0.5:0\" }] }", "port \"0\" is out of range"},
           Row{"origin: { servers: [{ address: \"10.0.0.5:99999\" }] }", "is out of range"},
           Row{"origin: { servers: [{ address: \"10.0.0.5:\" }] }", "is out of range"},
           Row{"origin: { servers: [{ address: \"[::1\" }] }", "is not an address"},
           Row{"origin: { servers: [{ address: \"a_b..c\" }] }", "has an empty part"},
           Row{"origin: { servers: [{ address: a, backup: 1 }] }", "unknown key \"backup\""},
           Row{"origin: { tls: { ca: /etc/ca.pem } }", "write file:/path"},
           Row{"origin: { tls: { ca: \"${CA}\" } }", "write file:/path"},
           Row{"origin: { io_timeout: 0 }", "allowed is 100ms to 60s"},
           Row{"origin: { request_timeout: 901s }", "allowed is 1s to 15m"},
           Row{"origin: { max_response_head: 1MiB }", "allowed is 1KiB to 64KiB"},
           Row{"origin: { max_response_headers: 9 }", "allowed is 10 to 1000"},
           Row{"origin: { max_response_headers: 1001 }", "allowed is 10 to 1000"},
       }) {
    expect(tests::with_domain(row.keys), row);
  }
}

TEST_CASE("domain: names, kind, tls and access are read") {
  Domain domain = read_one(std::string(tests::kListener) + R"(
domains:
  - names: [Chat.Example.com, "*.chat.example.com", "[::1]"]
    kind: cdn
    http2: true
    acceleration: { dynamic: false }
    tls: { certificate: "file:/a/b.pem", key: "file:/a/b.key", min_version: 1.3 }
    access: { origins: ["https://App.example.com", "https://a.test:443", "http://a.test:8080", "https://[::1]:9"] }
    origin: { builtin: echo }
)");
  CHECK(domain.names ==
        std::vector<std::string>{"chat.example.com", "*.chat.example.com", "[::1]"});
  CHECK(domain.kind == Domain::Kind::cdn);
  CHECK(domain.http2);
  CHECK_FALSE(domain.dynamic_acceleration);
  REQUIRE(domain.tls.has_value());
  CHECK(domain.tls->certificate == "/a/b.pem");
  CHECK(domain.tls->min_version == DomainTls::Version::tls1_3);
  CHECK(domain.access.listed == std::vector<std::string>{"https://app.example.com",
                                                         "https://a.test", "http://a.test:8080",
                                                         "https://[::1]:9"});
}

TEST_CASE("domain: stands where its map begins, whatever maps are in it") {
  const Domain domain = read_one(tests::with_domain(
      "acceleration: { dynamic: true }\norigin:\n  ports: { http: 81 }\n  builtin: echo"));
  CHECK(domain.place.line == 3);
  CHECK(domain.place.column == 5);
}

TEST_CASE("domain: wrong values of the rest are answered with the way out") {
  for (const Row& row : {
           Row{"names: [b.test]", "names: stands beside \"domain\""},
           Row{"kind: vod", "allowed is dcdn or cdn"},
           Row{"tls: { certificate: file:/a }", "tls.key: is missing"},
           Row{"tls: { certificate: \"file:\", key: file:/a }",
               "tls.certificate: does not say where"},
           Row{"tls: { certificate: file:/a, key: file:/a, min_version: \"1.1\" }",
               "allowed is 1.2 or 1.3"},
           Row{"access: { origins: none }", "allowed is same_host, any, or a list"},
           Row{"access: { origins: [app.example.com] }", "is not an origin"},
           Row{"access: { origins: [\"https://a/b\"] }", "is not an origin"},
           Row{"access: { origins: [\"https://a:0\"] }", "is not an origin"},
           Row{"access: { origins: [\"//a\"] }", "is not an origin"},
           Row{"access: { origins: [] }", "has 0 entries"},
           Row{"access: { allow: [] }", "unknown key \"allow\"; known here: origins"},
           Row{"weather: []", "unknown key \"weather\"; known here"},
           Row{"upstream: {}", "did you mean \"origin\"?"},
           Row{"acceleration: { dynamic: x }", "acceleration.dynamic"},
       }) {
    expect(domain_with(row.keys), row);
  }
}

TEST_CASE("FY2 domain: names and origins come out in their one spelling") {
  Domain domain = read_one(std::string(tests::kListener) + R"(
domains:
  - names: ["[0:0::0:1]", "B.test.", "*.C.test."]
    access: { origins: ["HTTPS://X.test:443", "http://x.test.", "http://[0:0::1]:80", "capacitor://localhost"] }
    origin: { builtin: echo, host_header: Inner.test., sni: Inner.test., redirect_hosts: ["[0::2]", "D.test."] }
)");
  CHECK(domain.names == std::vector<std::string>{"[::1]", "b.test", "*.c.test"});
  CHECK(domain.label() == "[0:0::0:1]");
  CHECK(domain.access.listed == std::vector<std::string>{"https://x.test", "http://x.test",
                                                         "http://[::1]", "capacitor://localhost"});
  CHECK(domain.origin.fixed_host == "inner.test");
  CHECK(domain.origin.sni == "inner.test");
  CHECK(domain.origin.redirect_hosts == std::vector<std::string>{"[::2]", "d.test"});
  CHECK(domain.origin.health->host == "inner.test");
}

TEST_CASE("FY33 domain: what is no origin is refused with what was meant") {
  for (const Row& row : {
           Row{"access: { origins: [\"wss://a.test:8443\"] }",
               "did you mean \"https://a.test:8443\"?"},
           Row{"access: { origins: [\"ws://a.test\"] }", "did you mean \"http://a.test\"?"},
           Row{"access: { origins: [\"https://a.test/\"] }", "did you mean \"https://a.test\"?"},
           Row{"access: { origins: [a.test] }", "did you mean \"https://a.test\"?"},
           Row{"access: { origins: [\"null\"] }", "every page says that has none to tell"},
           Row{"access: { origins: [\"javascript://a.test\"] }", "write https://app.example.com"},
           Row{"access: { origins: [\"file:///\"] }", "write https://app.example.com"},
           Row{"access: { origins: [\"https://u:p@a.test\"] }", "write https://app.example.com"},
           Row{"access: { origins: [\"https://*.a.test\"] }", "write https://app.example.com"},
           Row{"access: { origins: [\"https://10.0.0.300\"] }",
               "its host is no IPv4 address: 300 is above 255"},
       }) {
    expect(domain_with(row.keys), row);
  }
}

TEST_CASE("domain: wrong names are answered one by one") {
  for (const Row& row : {Row{"{}", "domain: is missing"}, Row{"{ domain: }", "has no value"},
                         Row{"{ names: [] }", "has 0 entries; allowed is 1 to 100"},
                         Row{"{ names: [a, A] }", "\"a\" is listed twice"},
                         Row{"{ domain: \"a b\" }", "may consist of letters"},
                         Row{"{ domain: \"*\" }", "must name a domain after the *"},
                         Row{"{ domain: \"::1\" }", "must have brackets around an IPv6 address"},
                         Row{"{ names: [\"[::1]\", \"[0::1]\"] }", "\"[::1]\" is listed twice"},
                         Row{"{ names: [a, a.] }", "\"a\" is listed twice"},
                         Row{"{ domain: \"https://a.test/\" }", "must be a name alone"},
                         Row{"{ names: a }", "must be a list, but is a single value"},
                         Row{"{ names: [[a]] }", "must be a single value, but is a list"}}) {
    CAPTURE(row.keys);
    auto found =
        tests::problems_of(std::string(tests::kListener) + "domains: [" + row.keys + "]\n");
    REQUIRE(found.size() == 1);
    CAPTURE(found[0]);
    CHECK(contains(found[0], row.says));
  }
}

TEST_CASE("FY28 domain: names of Weir's own are refused, in every spelling and place") {
  for (const char* name : {"domain: _unmatched", "domain: _UNMATCHED.", "domain: _other",
                           "names: [chat.example.com, _unmatched]"}) {
    const auto found = tests::problems_of(std::string(tests::kListener) + "domains:\n  - " + name +
                                          "\n    origin: { builtin: echo }\n");
    CAPTURE(name);
    REQUIRE(found.size() == 1);
    CHECK(contains(found[0], "is a name of Weir's own"));
    CHECK(contains(found[0], "t.yaml:3:"));
  }
  read_one(std::string(tests::kListener) +
           "domains:\n  - domain: _sip.example.com\n    origin: { builtin: echo }\n");
}
