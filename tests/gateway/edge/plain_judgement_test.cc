#include "gateway/edge/plain_judgement.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/access_file.h"
#include "tests/support/memory_carrier.h"

using namespace tests;

namespace {

constexpr std::string_view kRedirectHttps =
    "    http: { redirect_https: { port: 8443, except: [/.well-known/acme-challenge/] } }\n";

// A domain with an echo of its own, and a route for each action.
const std::string kActions =
    "  - domain: chat.example.com\n"
    "    websocket: { enabled: true }\n"
    "    origin: { builtin: echo }\n"
    "    routes:\n"
    "      - { path: /old/, redirect: { to: /new/ } }\n"
    "      - { path: /moved, redirect: { to: \"https://b.test/x\", status: 301 } }\n"
    "      - { path: /away, redirect: { to: \"https://b.test/\" } }\n"
    "      - { path: /up, respond: { status: 503, body: \"no\\n\", type: text/x } }\n"
    "      - { path: /empty, respond: { status: 204 } }\n"
    "      - { path: /echo, builtin: echo }\n"
    "      - { path: /off, websocket: { enabled: false }, http: { enabled: true } }\n"
    "      - { path: /tls, websocket: { require_tls: true } }\n";

struct Asked {
  explicit Asked(const std::string& domains = kActions) { scene.use(domains); }
  MemoryCarrier& ask(const std::string& head) {
    carrier.emplace(scene, *clients.emplace_back(std::make_unique<Peer>()));
    carrier->ask(head);
    return *carrier;
  }
  MemoryCarrier& plain(std::string_view line, std::string_view fields = "") {
    return ask(std::string(line) + " HTTP/1.1\r\nHost: chat.example.com\r\n" + std::string(fields) +
               "\r\n");
  }

  std::vector<std::unique_ptr<Peer>> clients;  // each outlives the session that it has opened
  WorkerScene scene;
  std::optional<MemoryCarrier> carrier;
};

}  // namespace

TEST_CASE("Q5 plain: a redirect takes along what stands behind its prefix, and never a host") {
  struct Row {
    std::string_view target;
    int status;
    std::string_view location;
  };
  Asked asked;
  for (const Row& row : {
           Row{"/old/", 308, "/new/"},
           Row{"/old/a/b?c=d", 308, "/new/a/b?c=d"},
           Row{"/old/?x", 308, "/new/?x"},
           Row{"/old//evil.test", 308, "/new/evil.test"},
           Row{"/old/\\evil.test", 308, "/new/evil.test"},
           Row{"/moved/a?b", 301, "https://b.test/x"},
           Row{"/away", 308, "https://b.test/"},
           Row{"/away/a?b", 308, "https://b.test/a?b"},
       }) {
    CAPTURE(row.target);
    const auto& carrier = asked.plain("POST " + std::string(row.target), "Content-Length: 0\r\n");
    CHECK(carrier.status == row.status);
    CHECK(carrier.header("Location") == row.location);
  }
}

TEST_CASE("Q5 plain: respond answers GET and HEAD, and is 405 for all else") {
  Asked asked;
  for (const char* method : {"GET", "HEAD"}) {
    const auto& carrier = asked.plain(std::string(method) + " /up/x");
    CHECK(carrier.status == 503);
    CHECK(carrier.body == "no\n");
    CHECK(carrier.header("Content-Type") == "text/x");
  }
  CHECK(asked.plain("GET /empty").status == 204);
  const auto& refused = asked.plain("DELETE /up");
  CHECK(refused.status == 405);
  CHECK(refused.header("Allow") == "GET, HEAD");
}

TEST_CASE("Q2 plain: what the built-in origin answers needs no switch") {
  Asked asked;
  for (const char* line : {"GET /", "HEAD /", "GET /request"}) {
    CAPTURE(line);
    CHECK(asked.plain(line).status == 200);
  }
  CHECK(asked.plain("GET /echo").status == 426);
}

TEST_CASE("section 1 plain: without http.enabled 426, and the log says what to write") {
  AccessFile file;
  Peer client;
  WorkerScene scene(&file.log());
  scene.use(std::string(kOriginDomain));
  MemoryCarrier carrier(scene, client);
  carrier.ask("GET /x HTTP/1.1\r\nHost: chat.example.com\r\n\r\n");
  CHECK(carrier.status == 426);
  CHECK(carrier.body == "this address speaks WebSocket: ask for an upgrade (RFC 6455)\n");
}

TEST_CASE("section 1 plain: an attempt at WebSocket is never passed on as a plain request") {
  Asked asked;
  // The route has http on, and WebSocket off.
  const auto& refused = asked.ask(upgrade_request({.target = "/off"}));
  CHECK(refused.status == 403);
  CHECK(refused.body == "WebSocket is not enabled for this domain\n");
  for (const char* fields :
       {"Upgrade: websocket, h2c\r\nConnection: upgrade\r\n", "Sec-WebSocket-Key: x\r\n"}) {
    CAPTURE(fields);
    CHECK(asked.plain("GET /off", fields).status == 400);
  }
  CHECK(asked.plain("GET /off", "Sec-WebSocket-Version: 13\r\n").body ==
        "the Upgrade field is missing: a proxy before this gateway may have removed it\n");
}

TEST_CASE("section 1 plain: a route that redirects or responds opens no WebSocket") {
  Asked asked;
  for (const char* path : {"/old/", "/up"}) {
    CAPTURE(path);
    const auto& refused = asked.ask(upgrade_request({.target = path}));
    CHECK(refused.status == 403);
    CHECK(refused.body == "this path opens no WebSockets\n");
  }
  // An Upgrade of another kind is none.
  CHECK(asked.plain("GET /up", "Upgrade: h2c\r\nConnection: upgrade\r\n").status == 503);
}

TEST_CASE("Q4 plain: require_tls refuses a handshake that came without") {
  Asked asked;
  const auto& refused = asked.ask(upgrade_request({.target = "/tls"}));
  CHECK(refused.status == 403);
  CHECK(refused.body == "this address opens WebSockets over TLS alone: ask for wss\n");
}

TEST_CASE("J1 plain: CONNECT and TRACE are 405 with Allow, whoever they are for") {
  Asked asked;
  for (const char* line : {"TRACE /", "TRACE /off", "CONNECT chat.example.com:443"}) {
    CAPTURE(line);
    const auto& refused = asked.plain(line);
    CHECK(refused.status == 405);
    CHECK(refused.header("Allow") == "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH");
    CHECK(refused.body == "this method is not answered here\n");
  }
}

TEST_CASE("J1 plain: a method that is not listed is 405 with those that are") {
  Asked asked(
      "  - domain: chat.example.com\n"
      "    http: { enabled: true, methods: [GET, PROPFIND] }\n"
      "    origin: { builtin: echo }\n"
      "    routes: [{ path: /a, origin: { servers: [{ address: \"127.0.0.1:1\" }] } }]\n");
  const auto& refused = asked.plain("DELETE /a");
  CHECK(refused.status == 405);
  CHECK(refused.header("Allow") == "GET, PROPFIND");
}

TEST_CASE("Q3 plain: a path that leads to two routes is 400, for upgrades too") {
  Asked asked;
  for (const char* path : {"/old/..%2fup", "/%75p", "/a%00", "/old/..;/up"}) {
    CAPTURE(path);
    const auto& refused = asked.plain("GET " + std::string(path));
    CHECK(refused.status == 400);
    CHECK(refused.body == "this path can be read in more than one way\n");
    CHECK(asked.ask(upgrade_request({.target = path})).status == 400);
  }
  CHECK(asked.plain("GET /up//b;c=1/d").status == 503);
  Asked without{std::string(kEchoDomain)};
  CHECK(without.ask(upgrade_request({.target = "/a/..%2f%2561"})).status == 101);
}

TEST_CASE("Q4 plain: redirect_https keeps path and query, and leaves upgrades and exceptions") {
  Asked asked(
      "  - domain: chat.example.com\n    websocket: { enabled: true }\n"
      "    origin: { builtin: echo }\n" +
      std::string(kRedirectHttps) + "trusted_proxies: [192.0.2.7]\n");
  const auto& moved = asked.plain("POST //evil.test/a?b=c", "Content-Length: 0\r\n");
  CHECK(moved.status == 308);
  CHECK(moved.header("Location") == "https://chat.example.com:8443//evil.test/a?b=c");
  CHECK(asked.plain("GET /.well-known/acme-challenge/x").status == 426);
  CHECK(asked.ask(upgrade_request()).status == 101);
  CHECK(asked.ask("GET / HTTP/1.1\r\nHost: nobody.test\r\n\r\n").status == 404);
}

TEST_CASE("Q5 plain: hsts stands on every answer over TLS, and on none without") {
  const std::string domain =
      "  - domain: chat.example.com\n    websocket: { enabled: true }\n"
      "    origin: { builtin: echo }\n"
      "    http: { hsts: { max_age: 365d, include_subdomains: true, preload: true } }\n"
      "    routes: [{ path: /up, respond: {} }, { path: /none, http: { hsts: off } }]\n"
      "trusted_proxies: [203.0.113.7]\n";
  constexpr std::string_view kHsts = "max-age=31536000; includeSubDomains; preload";
  constexpr std::string_view kOverTls = "X-Forwarded-Proto: https\r\n";
  Asked asked(domain);
  for (const char* line : {"GET /", "GET /up", "DELETE /up", "GET /x"}) {
    CAPTURE(line);
    CHECK(asked.plain(line, kOverTls).header("Strict-Transport-Security") == kHsts);
    CHECK(asked.plain(line).header("Strict-Transport-Security").empty());
  }
  const auto& opened = asked.ask(upgrade_request({.fields = std::string(kOverTls)}));
  CHECK(opened.status == 101);
  CHECK(opened.header("Strict-Transport-Security") == kHsts);
  CHECK(asked.plain("GET /none/x", kOverTls).header("Strict-Transport-Security").empty());
}
