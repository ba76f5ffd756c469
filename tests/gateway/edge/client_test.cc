#include "gateway/edge/client.h"

#include <linux/sockios.h>
#include <string>
#include <string_view>
#include <sys/ioctl.h>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/access_file.h"
#include "tests/support/certificates.h"
#include "tests/support/edge_stage.h"
#include "tests/support/folder.h"
#include "tests/support/frames.h"

using namespace tests;
using namespace std::chrono_literals;
using gateway::config::Document;
using proto::ws::Opcode;

namespace {

const std::string kFromClient = as_text(from_client(Opcode::text, "from the client"));
const std::string kFromOrigin = as_text(from_origin(Opcode::text, "from the origin"));

void with_echo(Document& document) {
  document.domains[0].origin.builtin = gateway::config::Origin::Builtin::echo;
  document.domains[0].origin.servers.clear();
}

}  // namespace

TEST_CASE("client: an upgrade becomes a session, and is gone itself") {
  AccessFile file;
  EdgeStage stage({}, &file.log());
  RawPeer client = stage.client(upgrade_request({.target = "/chat?token=secret"}));
  RawPeer origin = stage.asked();
  CHECK(origin.received.starts_with("GET /chat?token=secret HTTP/1.1\r\n"));
  origin.send(switching_answer(origin.received, "Set-Cookie: a=b\r\n"));
  REQUIRE(stage.has(client, "\r\n\r\n"));
  CHECK(status_of(client.received) == 101);
  CHECK(field_of(client.received, "Upgrade") == "websocket");
  CHECK(field_of(client.received, "Connection") == "Upgrade");
  CHECK(field_of(client.received, "Sec-WebSocket-Accept") == kAccept);
  CHECK(field_of(client.received, "Set-Cookie") == "a=b");
  CHECK(stage.clients.size() == 0);
  CHECK(stage.table.size() == 1);
  CHECK(stage.admission.held() == 1);
  CHECK(stage.answers(101) == 1);
  client.send(kFromClient);
  CHECK(stage.has(origin, kFromClient));
  origin.send(kFromOrigin);
  CHECK(stage.has(client, kFromOrigin));

  const auto lines = file.lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0]["event"] == "open");
  CHECK(lines[0]["uri"] == "/chat");
  CHECK(lines[0]["origin_addr"] == stage.origin.address().to_string());
  CHECK(lines[0]["config_generation"] == 7);
  CHECK(lines[0].dump().find("secret") == std::string::npos);
  stage.scribe.access = nullptr;
}

TEST_CASE("client: the request may come octet by octet") {
  EdgeStage stage;
  RawPeer client = stage.client();
  for (const char octet : upgrade_request()) {
    client.send({&octet, 1});
    stage.stage.settle();
  }
  RawPeer origin = stage.asked();
  origin.send(switching_answer(origin.received));
  CHECK(stage.has(client, "\r\n\r\n"));
}

TEST_CASE("client: bytes glued to the request wait for the 101, those glued to it come") {
  EdgeStage stage;
  RawPeer client = stage.client(upgrade_request() + kFromClient);
  RawPeer origin = stage.asked();
  stage.stage.settle();
  origin.read();
  CHECK(body_of(origin.received).empty());
  client.send(kFromClient);  // while the origin is asked
  stage.stage.settle();
  origin.read();
  CHECK(body_of(origin.received).empty());
  origin.send(switching_answer(origin.received) + kFromOrigin);
  REQUIRE(stage.has(client, kFromOrigin));
  CHECK(body_of(client.received) == kFromOrigin);
  REQUIRE(stage.has(origin, kFromClient + kFromClient));
  CHECK(body_of(origin.received) == kFromClient + kFromClient);
}

TEST_CASE("client: one that leaves while the origin is asked takes the origin with it") {
  for (const bool resets : {false, true}) {
    CAPTURE(resets);
    AccessFile file;
    EdgeStage stage({}, &file.log());
    RawPeer client = stage.client(upgrade_request());
    RawPeer origin = stage.asked();
    if (resets) {
      client.reset();
    } else {
      client.close();
    }
    CHECK(stage.answered(origin));
    CHECK(stage.clients.size() == 0);
    CHECK(stage.admission.held() == 0);
    const auto lines = file.lines();
    REQUIRE(lines.size() == 1);
    CHECK(lines[0]["return_code"] == 499);
    CHECK(lines[0].cause() == "client_abort");
  }
}

TEST_CASE("client: what the origin answers in the turn in which the client leaves finds nobody") {
  for (const bool resets : {false, true}) {
    CAPTURE(resets);
    AccessFile file;
    EdgeStage stage({}, &file.log());
    RawPeer client = stage.client(upgrade_request());
    RawPeer origin = stage.asked();
    // Both are there when the loop looks next, the client's end first.
    if (resets) {
      client.reset();
    } else {
      client.close();
    }
    origin.send(switching_answer(origin.received));
    CHECK(stage.answered(origin));
    CHECK(stage.clients.size() == 0);
    CHECK(stage.table.size() == 0);
    const auto lines = file.lines();
    REQUIRE(lines.size() == 1);
    CHECK(lines[0]["return_code"] == 499);
  }
}

TEST_CASE("client: what one says that is given up in its TLS handshake finds nobody") {
  Certificates certificates;
  const auto made =
      certificates.add({.name = "chat.example.com", .alternative_names = "DNS:chat.example.com"});
  EdgeStage stage([&made](Document& document) {
    document.domains[0].tls = {.certificate = made.chain_file, .key = made.key_file};
  });
  RawPeer client = stage.tls_client();
  client.send("\x16\x03\x01");
  REQUIRE(stage.until([&] { return stage.clients.size() == 1; }));
  client.send("no ClientHello");
  stage.clients.at(0).abort();
  CHECK(stage.until([&] { return stage.admission.held() == 0; }));
  CHECK(stage.clients.size() == 0);
  CHECK(stage.answered(client));
}

TEST_CASE("client: one that leaves in the middle of its head leaves nothing behind") {
  AccessFile file;
  EdgeStage stage({}, &file.log());
  RawPeer client = stage.client("GET /chat HTTP/1.1\r\n");
  REQUIRE(stage.until([&] { return stage.clients.size() == 1; }));
  client.close();
  CHECK(stage.until([&] { return stage.clients.size() == 0; }));
  CHECK(file.lines().empty());
}

TEST_CASE("client: the second server is tried when the first was asked nothing") {
  const RawListener second;
  EdgeStage stage([&second](Document& document) {
    auto& servers = document.domains[0].origin.servers;
    servers[0].port = RawListener().address().port();
    servers.push_back({.host = "127.0.0.1", .port = second.address().port(), .place = {}});
  });
  for (int round = 1; round <= 2; ++round) {
    CAPTURE(round);
    RawPeer client = stage.client(upgrade_request());
    RawPeer origin = stage.asked(second);
    origin.send(switching_answer(origin.received));
    CHECK(stage.has(client, "101 Switching"));
  }
  // Each began with another server; one of them found the first one dead.
  CHECK(stage.origin_failures(gateway::outcome::Cause::origin_connect) == 1);
  CHECK(stage.answers(502) == 0);
}

TEST_CASE("client: the second server is asked when the first gives no answer") {
  const RawListener second;
  EdgeStage stage([&second](Document& document) {
    document.domains[0].origin.servers.push_back(
        {.host = "127.0.0.1", .port = second.address().port(), .place = {}});
  });
  RawPeer client = stage.client(upgrade_request());
  RawPeer origin = stage.asked();
  origin.close();
  RawPeer next = stage.asked(second);
  next.send(switching_answer(next.received));
  CHECK(stage.has(client, "101 Switching"));
}

TEST_CASE("client: when no server is left the last failure is answered") {
  EdgeStage stage([](Document& document) {
    const uint16_t closed = RawListener().address().port();
    document.domains[0].origin.servers.assign(3,
                                              {.host = "127.0.0.1", .port = closed, .place = {}});
  });
  RawPeer client = stage.client(upgrade_request());
  REQUIRE(stage.answered(client));
  CHECK(status_of(client.received) == 502);
  CHECK(stage.origin_failures(gateway::outcome::Cause::origin_connect) == 3);
}

TEST_CASE("client: the origin's refusal is passed on whole") {
  AccessFile file;
  EdgeStage stage({}, &file.log());
  RawPeer client = stage.client(upgrade_request());
  RawPeer origin = stage.asked();
  origin.send("HTTP/1.1 401 Who\r\nWWW-Authenticate: Basic\r\nContent-Length: 4\r\n\r\nwho?");
  REQUIRE(stage.answered(client));
  CHECK(status_of(client.received) == 401);
  CHECK(field_of(client.received, "WWW-Authenticate") == "Basic");
  CHECK(body_of(client.received) == "who?");
  CHECK(stage.answers(401) == 1);
  const auto lines = file.lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].cause() == "origin_refused_upgrade");
  CHECK(lines[0].initiator() == "origin");
  CHECK(lines[0]["return_code"] == 401);
}

TEST_CASE("client: a refusal reaches a client that has ended its side and reads late") {
  EdgeStage stage;
  stage.send_buffer = stage.receive_buffer = 4096;
  RawPeer client = stage.client(upgrade_request());
  RawPeer origin = stage.asked();
  const std::string body(size_t{64} * 1024, 'b');
  origin.send("HTTP/1.1 500 Broken\r\nContent-Length: 65536\r\n\r\n" + body);
  REQUIRE(stage.until([&] { return stage.answers(500) == 1; }));
  client.shut();
  stage.stage.settle();
  // More than the kernel took at once, so that some of it waits here.
  CHECK(stage.clients.size() == 1);
  REQUIRE(stage.answered(client));
  CHECK(client.error == 0);
  CHECK(body_of(client.received) == body);
  stage.pass(3s);
  CHECK(stage.clients.size() == 0);
}

TEST_CASE("client: what is sent after a refusal is thrown away, up to a cap") {
  EdgeStage stage;
  RawPeer client = stage.client("nonsense\r\n\r\n");
  REQUIRE(stage.has(client, "\r\n\r\n"));
  const std::string flood(size_t{64} * 1024, 'x');
  CHECK(stage.until([&] {
    client.send(flood);
    return stage.clients.size() == 0;
  }));
}

TEST_CASE("FY11 client: Expect: 100-continue without a body is ignored, and stays here") {
  EdgeStage stage;
  RawPeer client = stage.client(upgrade_request({.fields = "Expect: 100-continue\r\n"}));
  RawPeer origin = stage.asked();
  CHECK(field_of(origin.received, "Expect").empty());
  origin.send(switching_answer(origin.received));
  REQUIRE(stage.has(client, "\r\n\r\n"));
  CHECK(status_of(client.received) == 101);
}

TEST_CASE("client: the built-in origin answers messages and chooses a subprotocol") {
  EdgeStage stage(with_echo);
  RawPeer client =
      stage.client(upgrade_request({.fields = "Sec-WebSocket-Protocol: a, b\r\n"}) + kFromClient);
  const std::string echoed = as_text(from_origin(Opcode::text, "from the client"));
  REQUIRE(stage.has(client, echoed));
  CHECK(status_of(client.received) == 101);
  CHECK(field_of(client.received, "Sec-WebSocket-Protocol") == "a");
}
