#include "gateway/edge/handshake.h"

#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "tests/support/access_file.h"
#include "tests/support/frames.h"
#include "tests/support/memory_carrier.h"
#include "tests/support/waiting.h"

using namespace tests;
using gateway::outcome::Cause;
using proto::ws::Opcode;

namespace {

const std::string kTwoDomains = std::string(kEchoDomain) +
                                "  - domain: other.example.com\n    websocket: { enabled: false }\n"
                                "    origin: { builtin: echo }\n";

std::string plain_request(std::string_view line) {
  return std::string(line) + " HTTP/1.1\r\nHost: chat.example.com\r\n\r\n";
}

// A domain whose only server is that one.
std::string domain_at(const RawListener& origin) {
  return "  - domain: chat.example.com\n    websocket: { enabled: true }\n    origin: { servers: [ "
         "{ address: "
         "127.0.0.1:" +
         std::to_string(origin.address().port()) + " } ] }\n";
}

}  // namespace

TEST_CASE(
    "handshake: an upgrade becomes a session of the carrier's stream, from what came early on") {
  Peer client;
  WorkerScene scene;
  scene.use(std::string(kEchoDomain));
  MemoryCarrier carrier(scene, client);
  carrier.early = as_text(from_client(Opcode::text, "early"));
  carrier.ask(upgrade_request({.fields = "Sec-WebSocket-Protocol: a, b\r\n"}));
  CHECK(carrier.status == 101);
  CHECK(carrier.agreed.subprotocol == "a");
  CHECK(scene.table.size() == 1);
  scene.stage.settle();
  CHECK(as_text(client.take_received()) == as_text(from_origin(Opcode::text, "early")));
  client.send(from_client(Opcode::text, "late"));
  scene.stage.settle();
  CHECK(as_text(client.received()) == as_text(from_origin(Opcode::text, "late")));
  CHECK(carrier.answers == 1);
}

TEST_CASE("handshake: a session outlives the request that it came from") {
  Peer client;
  WorkerScene scene;
  scene.use(std::string(kEchoDomain));
  {
    MemoryCarrier carrier(scene, client);
    carrier.ask(upgrade_request());
  }
  client.send(from_client(Opcode::text, "late"));
  scene.stage.settle();
  CHECK(as_text(client.received()) == as_text(from_origin(Opcode::text, "late")));
}

TEST_CASE("handshake: what may not become a session is refused, in the words of the log") {
  struct Row {
    int status;
    std::string_view cause;
    std::string request;
    std::string_view why;
  };
  const Row rows[] = {
      {400, "bad_request", "GET / HTTP/1.1\r\n\r\n", "the request has no Host"},
      {404, "no_route", upgrade_request({.host = "nobody.example.com"}),
       "no domain is configured for this Host"},
      {403, "websocket_disabled", upgrade_request({.host = "other.example.com"}),
       "WebSocket is not enabled for this domain"},
      {403, "origin_not_allowed", upgrade_request({.fields = "Origin: https://evil.test\r\n"}),
       "this Origin may not open WebSockets here"},
      {426, "not_an_upgrade", plain_request("GET /chat"),
       "this address speaks WebSocket: ask for an upgrade (RFC 6455)"},
      {426, "not_an_upgrade", plain_request("POST /"),
       "this address speaks WebSocket: ask for an upgrade (RFC 6455)"},
      {508, "loop", upgrade_request({.fields = "Via: 1.1 weir-node-1\r\n"}),
       "the request has come through this gateway before: the origin points back here"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.why);
    AccessFile file;
    Peer client;
    WorkerScene scene(&file.log());
    scene.use(kTwoDomains);
    MemoryCarrier carrier(scene, client);
    carrier.ask(row.request);
    CHECK(carrier.answers == 1);
    CHECK(carrier.status == row.status);
    CHECK(carrier.header("Content-Type") == "text/plain; charset=utf-8");
    CHECK(scene.table.size() == 0);
    CHECK_FALSE(client.connected());
    const auto lines = file.lines();
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].cause() == row.cause);
    CHECK(lines[0]["error"].text() + "\n" == carrier.body);
    if (row.status != 400) CHECK(lines[0]["error"] == row.why);
  }
}

TEST_CASE("handshake: a wrong version hears which one is spoken") {
  Peer client;
  WorkerScene scene;
  scene.use(std::string(kEchoDomain));
  MemoryCarrier carrier(scene, client);
  carrier.ask(upgrade_request({.version = "8"}));
  CHECK(carrier.status == 426);
  CHECK(carrier.header("Sec-WebSocket-Version") == "13");
}

TEST_CASE("handshake: over TLS the name of the connection and Host lead to one domain") {
  struct Row {
    std::string_view name;
    std::string_view host;
    int status;
  };
  for (const Row& row : {Row{"chat.example.com", "chat.example.com", 101},
                         Row{"CHAT.example.com.", "chat.example.com:443", 101},
                         Row{"other.example.com", "chat.example.com", 421},
                         Row{"", "chat.example.com", 421},  // no domain has a certificate
                         Row{"chat.example.com", "nobody.example.com", 421}}) {
    CAPTURE(row.name);
    CAPTURE(row.host);
    Peer client;
    WorkerScene scene;
    scene.use(kTwoDomains);
    scene.entrance.tls = true;
    MemoryCarrier carrier(scene, client);
    carrier.facts.tls.server_name = row.name;
    carrier.ask(upgrade_request({.host = std::string(row.host)}));
    CHECK(carrier.status == row.status);
  }
}

TEST_CASE("handshake: the page of the built-in origin is shown at its root alone") {
  for (const std::string_view line : {"GET /", "HEAD /", "GET /?a=b"}) {
    CAPTURE(line);
    AccessFile file;
    Peer client;
    WorkerScene scene(&file.log());
    scene.use(std::string(kEchoDomain));
    MemoryCarrier carrier(scene, client);
    carrier.ask(plain_request(line));
    CHECK(carrier.status == 200);
    CHECK(carrier.body.starts_with("<!DOCTYPE html>"));
    CHECK(carrier.header("Cache-Control") == "no-store");
    CHECK(scene.answers(200) == 1);
    const auto lines = file.lines();
    REQUIRE(lines.size() == 1);
    CHECK(lines[0]["event"] == "exchange");
    CHECK(lines[0].cause() == "done");
    CHECK(lines[0].initiator() == "gateway");
  }
}

TEST_CASE("handshake: the built-in origin tells what it has seen of a request, without its query") {
  for (const std::string_view line : {"GET /request", "GET /request?token=secret"}) {
    CAPTURE(line);
    Peer client;
    WorkerScene scene;
    scene.use(std::string(kEchoDomain));
    MemoryCarrier carrier(scene, client);
    carrier.ask(plain_request(line));
    CHECK(carrier.status == 200);
    CHECK(carrier.body.starts_with(
        R"({"method":"GET","path":"/request","http_version":"1.1","scheme":"http","host":")"));
    CHECK(carrier.body.find("secret") == std::string::npos);
    CHECK(carrier.header("Cross-Origin-Resource-Policy") == "same-origin");
  }
  for (const std::string_view line : {"POST /request", "GET /requests", "GET /request/"}) {
    CAPTURE(line);
    Peer client;
    WorkerScene scene;
    scene.use(std::string(kEchoDomain));
    MemoryCarrier carrier(scene, client);
    carrier.ask(plain_request(line));
    CHECK(carrier.status == 426);
  }
}

TEST_CASE("handshake: a node that is drained opens no session") {
  Peer client;
  WorkerScene scene;
  scene.use(std::string(kEchoDomain));
  scene.context.draining = true;
  MemoryCarrier carrier(scene, client);
  carrier.ask(upgrade_request());
  CHECK(carrier.status == 503);
  CHECK(carrier.body == "this node is being drained\n");
}

TEST_CASE("handshake: a client that leaves while the origin is asked takes the connection along") {
  const RawListener origin;
  AccessFile file;
  Peer client;
  WorkerScene scene(&file.log());
  scene.use(domain_at(origin));
  MemoryCarrier carrier(scene, client);
  carrier.ask(upgrade_request());
  CHECK(carrier.answers == 0);
  REQUIRE(scene.stage.run_until([&] { return readable(origin.fd()); }));
  RawPeer asked(origin.accept());
  carrier.handshake->client_left();
  carrier.outcome->over();
  carrier.handshake.reset();
  REQUIRE(scene.stage.run_until([&] {
    asked.read();
    return asked.ended || asked.error != 0;
  }));
  CHECK(carrier.answers == 0);
  const auto lines = file.lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0]["return_code"] == 499);
  CHECK(lines[0].cause() == "client_abort");
}

TEST_CASE("handshake: a drain that cannot wait for the origin is answered in its place") {
  const RawListener origin;
  Peer client;
  WorkerScene scene;
  scene.use(domain_at(origin));
  MemoryCarrier carrier(scene, client);
  carrier.ask(upgrade_request());
  REQUIRE(scene.stage.run_until([&] { return readable(origin.fd()); }));
  RawPeer asked(origin.accept());
  carrier.handshake->refuse(gateway::edge::refused_by_drain());
  CHECK(carrier.status == 503);
  CHECK(scene.answers(503) == 1);
  CHECK(scene.stage.run_until([&] {
    asked.read();
    return asked.ended || asked.error != 0;
  }));
}
