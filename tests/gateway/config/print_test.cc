#include "gateway/config/print.h"

#include <doctest/doctest.h>

#include "tests/gateway/config/reading.h"

using namespace gateway::config;

namespace {

// Everything but the list of files comes back.
void check_round_trip(Document document) {
  std::string printed = print(document);
  CAPTURE(printed);
  Reading again = read_text(printed, "printed.yaml");
  for (const Problem& problem : again.problems) CHECK_MESSAGE(problem.warning, to_string(problem));
  document.files = again.document.files;
  CHECK(again.document == document);
  CHECK(print(again.document).size() > 0);
}

}  // namespace

TEST_CASE("printer: the examples read back to the same document") {
  check_round_trip(read_files(WEIR_SOURCE_DIR "/conf/weir.yaml").document);
}

TEST_CASE("printer: values that are not the defaults read back to the same document") {
  Reading reading = read_text(R"(
node: edge-1
workers: 7
state_dir: "/srv/a \"quoted\" \\ folder # no comment"
listeners:
  - { name: web, address: "::1", ports: [80, 0, 0], mode: first_available }
  - { name: secure, ports: [443], tls: true, proxy_protocol: { trusted: [10.0.0.0/8, "::1"] } }
admin: { listen: "[::1]:0" }
log: { access: { path: off, format: dcdn, queue: 64KiB, query: off, redact: [ticket, "x-*"] }, level: error }
drain: { delay: 5m, timeout: 0, close_rate: 12 }
limits: { header_timeout: 101ms, max_head: 1025, max_headers: 11, max_connections: 3, keep_alive: off, requests: off, connection_age: 61m }
trusted_proxies: [10.0.0.0/8, "::1"]
client_address_header: CF-Connecting-IP
usage: { flush_interval: 250ms, interim_interval: 60s, keep: 400d, sessions: off, postgres: { url: "host=db.test dbname=usage user=weir", timeout: 5s } }
resolver: { servers: ["[::1]:54", "10.0.0.2"], timeout: 100ms, tries: 10 }
reload: { on_change: on }
domains:
  - names: ["*.a.test", "[::1]", b.test]
    tls: { certificate: "file:/a b/c.pem", key: "file:/k", min_version: "1.3" }
    http:
      enabled: true
      max_body: 1TiB
      body_timeout: 1s
      body_rate: off
      response_timeout: 1h
      event_timeout: off
      send_stall_timeout: off
      max_duration: 1d
      methods: [GET, M-SEARCH]
      retry: [stale, "502", 504]
      location: origin
      secure_cookies: on
      forwarded: on
      hsts: { max_age: 365d, include_subdomains: true, preload: true }
      redirect_https: { status: 302, port: 8443, except: [] }
    websocket:
      enabled: true
      connection_timeout: 2591999s
      client_timeout: 1s
      origin_timeout: 30d
      read_idle: { client: 1500ms, origin: 1h }
      write_idle: { client: 1d, origin: 2s }
      keepalive: { interval: 61s, timeout: 100ms }
      max_lifetime: { after: 365d, jitter: 0.1% }
      send_stall_timeout: off
      close_timeout: 300s
      abnormal_close_send_timeout: 1ms
      max_message: { text: 125, binary: 1GiB }
      on_disable: drain
      require_tls: true
    origin:
      protocol: follow_port
      host_header: host.example
      sni: sni.example
      ports: { http: [1, 2], https: 65535 }
      servers: [{ address: "10.0.0.1:1", priority: 1, weight: 100 }, { address: "[::1]:2" }, { address: "::2" }, { address: c.test }]
      tls: { verify: false, ca: "file:/ca", pins: ["sha256/AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="], client_certificate: "file:/c", client_key: "file:/k", min_version: "1.3", legacy_ciphers: true }
      balance: hash
      hash_on: "query:room"
      health: { type: http, interval: 5m, timeout: 100ms, fall: 1, rise: 10, path: "/a\\b", host: "c.test:81", expect: ["200-204", 304] }
      ejection: { failures: 1, time: 1h }
      retries: { budget: 0.5%, attempts: 0 }
      warm: 64
      warm_idle: 1s
      reuse: { mode: always, idle: 1500ms, most: 0, requests: 1, age: 1s }
      sticky: { by: cookie, name: NODE, same_site: none, max_age: 30d }
      resolve: { min: 2s, max: 1d }
      max_redirects: 1
      redirect_hosts: [r.test, "*.r.test"]
      forward_proxy: { url: "http://[::1]:3128", no_proxy: [n.test, 10.0.0.0/8, "::2"] }
      source: [192.0.2.1, "2001:db8::1"]
      deny_addresses: [192.0.2.0/24, "2001:db8::/32"]
      connect_timeout: 100ms
      io_timeout: 60s
      request_timeout: 1s
      establish_timeout: 900s
      max_response_head: 65536
      max_response_headers: 1000
    access: { origins: ["https://a.test", "http://b.test:8080"] }
    usage:
      billing: peak_bandwidth
      direction: both
      overhead_percent: 7.5
      deduct_undelivered: on
      budget: { traffic: 1500GB, connection_seconds: 86400, messages: 1000000, period: day, soft: 99.5%, close: true }
  - { domain: c.test, kind: cdn, http2: true, acceleration: { dynamic: false }, origin: { builtin: echo, host_header: origin, health: { type: websocket }, ejection: off, proxy_protocol: v2 }, access: { origins: any } }
  - { domain: d.test, origin: { health: off, deny_addresses: [], sticky: "query:sid" } }
  - { domain: e.test, origin: { builtin: echo, sticky: "segment:8" }, http: { hsts: {}, redirect_https: {} } }
)",
                              "t.yaml");
  for (const Problem& problem : reading.problems)
    CHECK_MESSAGE(problem.warning, to_string(problem));
  check_round_trip(reading.document);
}

TEST_CASE("printer: a route is printed with what is different in it, and reads back") {
  const Reading reading = read_text(
      tests::with_domain(
          "http: { enabled: true, hsts: {} }\n"
          "origin: { servers: [{ address: 10.0.0.5 }], health: { type: http, path: /up }, auth: { "
          "username: u, password: p, realm: r } }\n"
          "routes:\n"
          "  - { path: /a, http: { hsts: off, retry: [] }, origin: { sticky: cookie, health: { "
          "fall: "
          "9 }, auth: off, ports: { http: [1, 2] } } }\n"
          "  - { path: /b, builtin: echo, websocket: { enabled: true } }\n"
          "  - { path: /c, redirect: { to: \"https://b.test/\" } }\n"
          "  - { path: /d, respond: { body: \"a \\\"b\\\"\\n\\t\\\\c\\n\", status: 404 } }\n"
          "  - { path: /e }"),
      "t.yaml");
  for (const Problem& problem : reading.problems)
    CHECK_MESSAGE(problem.warning, to_string(problem));
  Document document = reading.document;
  for (Credentials* one : {&document.domains[0].origin.auth->credentials,
                           &document.domains[0].routes[1].origin.auth->credentials,
                           &document.domains[0].routes[4].origin.auth->credentials,
                           &document.domains[0].routes[2].origin.auth->credentials,
                           &document.domains[0].routes[3].origin.auth->credentials})
    one->password = "***";
  check_round_trip(document);
  const std::string printed = print(document);
  CAPTURE(printed);
  CHECK(tests::contains(printed,
                        "    routes:\n"
                        "      - path: \"/a\"\n"
                        "        origin:\n"
                        "          ports: { http: [1, 2], https: [443] }\n"
                        "          health:\n"
                        "            fall: 9\n"
                        "          sticky: { by: cookie, same_site: lax, max_age: session }\n"
                        "          auth: off\n"
                        "        http:\n"
                        "          retry: []\n"
                        "          hsts: off\n"
                        "      - path: \"/b\"\n"
                        "        origin:\n"
                        "          builtin: echo\n"
                        "        websocket:\n"
                        "          enabled: true\n"
                        "      - path: \"/c\"\n"
                        "        redirect: { to: \"https://b.test/\", status: 308 }\n"
                        "      - path: \"/d\"\n"));
  CHECK(tests::contains(printed, "      - path: \"/e\"\n    access"));
}

TEST_CASE("FY2 printer: the name that usage is kept under stays as it is written") {
  const auto document = read_text(std::string(tests::kListener) +
                                      "domains: [{ names: [\"[0:0::A]\", b.test], origin: { "
                                      "builtin: echo } }]\n",
                                  "t.yaml")
                            .document;
  const auto again = read_text(print(document), "t.yaml").document;
  REQUIRE(again.domains.size() == 1);
  CHECK(again.domains[0].names == document.domains[0].names);
  CHECK(again.domains[0].label() == "[0:0::a]");
}

TEST_CASE("printer: a password of the database is never printed") {
  Document document = read_text(tests::kListener, "t.yaml").document;
  Postgres& postgres = document.usage.postgres.emplace();
  postgres.url = "postgresql://weir:hunter2@db.test/usage";
  CHECK(tests::contains(print(document), "url: \"postgresql://weir:***@db.test/usage\""));
  postgres.url_source = "file:/etc/weir/database";
  CHECK(tests::contains(print(document), "url: \"file:/etc/weir/database\""));
  CHECK_FALSE(tests::contains(print(document), "hunter2"));
}

TEST_CASE("printer: a password for an origin or a proxy is never printed") {
  auto document =
      read_text(tests::with_domain(
                    "origin: { builtin: echo, auth: { username: weir, password: hunter2, realm: "
                    "r, schemes: [basic] }, forward_proxy: { url: \"http://p.test\", username: "
                    "weir, password: hunter3 } }"),
                "t.yaml")
          .document;
  CHECK_FALSE(tests::contains(print(document), "hunter"));
  CHECK(tests::contains(print(document), "password: \"***\""));
  Origin& origin = document.domains[0].origin;
  origin.auth->credentials.password_source = "file:/etc/weir/password";
  origin.forward_proxy->credentials->password_source = "${PROXY_PASSWORD}";
  CHECK(tests::contains(print(document), "password: \"file:/etc/weir/password\""));
  CHECK(tests::contains(print(document), "password: \"${PROXY_PASSWORD}\""));
}

TEST_CASE("printer: says which file a domain came from") {
  auto printed =
      print(read_text(tests::with_domain("origin: { builtin: echo }"), "t.yaml").document);
  CHECK(
      tests::contains(printed, "  # from \"t.yaml\", line 3\n  - names: [\"chat.example.com\"]\n"));
}

TEST_CASE("printer: a document without domains prints") {
  CHECK(tests::contains(print(read_text(tests::kListener, "t.yaml").document), "\ndomains: []\n"));
}
