#include "gateway/exchange/exchange.h"

#include <string>

#include <doctest/doctest.h>

#include "tests/support/exchange_scene.h"

using namespace tests;
using namespace std::chrono_literals;
using gateway::outcome::Cause;
using End = MemoryClient::End;
using Kind = gateway::exchange::ClientSide::Body::Kind;

namespace {

constexpr std::string_view kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello";

}  // namespace

TEST_CASE("exchange: a GET goes to the origin, and its answer to the client") {
  ExchangeScene scene;
  Peer& origin = scene.ask(plain_request("GET", "X-One: 1\r\n"));
  const std::string asked = scene.heard(origin);
  CHECK(asked.starts_with("GET /room?a=1 HTTP/1.1\r\nHost: chat.example.com\r\nX-One: 1\r\n"));
  CHECK(asked.ends_with("Connection: keep-alive\r\n\r\n"));
  CHECK(scene.client.accepted == 0);
  scene.say(origin, kHello);
  CHECK(scene.client.status == 200);
  CHECK(scene.client.fields == "X-A: b\r\n");
  CHECK(scene.client.framing.kind == Kind::length);
  CHECK(scene.client.framing.length == 5);
  CHECK(scene.client.body == "hello");
  CHECK(scene.client.end == End::kept);
  CHECK(scene.overs == 1);
  CHECK_FALSE(scene.failure);
  CHECK(scene.moved.out == asked.size());
  CHECK(scene.moved.in == kHello.size());
  CHECK(scene.exchange->trail().reused);
}

TEST_CASE("exchange: a connection that it has left clean serves another one") {
  ExchangeScene scene;
  Peer& origin = scene.ask(plain_request("GET"));
  CHECK(scene.resting() == 0);
  scene.say(origin, kHello);
  CHECK(scene.resting() == 1);
  CHECK(origin.connected());
}

TEST_CASE("exchange: a client that asks to close does so for its own connection alone") {
  ExchangeScene scene;
  Peer& origin = scene.ask(plain_request("GET", "Connection: close\r\n"));
  scene.say(origin, kHello);
  CHECK(scene.resting() == 1);
  CHECK(origin.connected());
}

TEST_CASE("exchange: an origin that says close is not asked again on that connection") {
  ExchangeScene scene;
  Peer& origin = scene.ask(plain_request("GET"));
  scene.say(origin, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello");
  CHECK(scene.resting() == 0);
  CHECK_FALSE(origin.connected());
}

TEST_CASE("exchange: one is counted for its server while it runs") {
  ExchangeScene scene;
  Peer& origin = scene.ask(plain_request("GET"));
  CHECK(scene.backend().attempts == 1);
  scene.say(origin, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
  CHECK(scene.backend().attempts == 1);
  scene.say(origin, "llo");
  CHECK(scene.backend().attempts == 0);
  CHECK(scene.backend().sessions == 0);
}

TEST_CASE("E1: a body by length passes octet for octet, as it comes") {
  ExchangeScene scene;
  Peer& origin = scene.ask(plain_request("POST", "Content-Length: 10\r\n"));
  CHECK(scene.heard(origin).find("Content-Length: 10\r\n") != std::string::npos);
  CHECK(scene.client.accepted == 1);
  scene.send_body("01234");
  CHECK(scene.heard_body(origin) == "01234");
  scene.send_body("56789");
  scene.exchange->on_body_end();
  CHECK(scene.heard_body(origin) == "0123456789");
  scene.say(origin, kHello);
  CHECK(scene.client.end == End::kept);
  CHECK(scene.resting() == 1);
}

TEST_CASE("J5: a body of chunks is chunked anew, one chunk for each read") {
  ExchangeScene scene;
  Peer& origin = scene.ask(plain_request("POST", "Transfer-Encoding: chunked\r\n"));
  CHECK(scene.heard(origin).find("Transfer-Encoding: chunked\r\n") != std::string::npos);
  scene.send_body("01234");
  scene.send_body("56");
  CHECK(scene.heard_body(origin) == "5\r\n01234\r\n2\r\n56\r\n");
  scene.exchange->on_body_end();
  CHECK(scene.heard_body(origin) == "5\r\n01234\r\n2\r\n56\r\n0\r\n\r\n");
}

TEST_CASE("E1: an origin that takes nothing stops the client's body, and lets it go on") {
  ExchangeScene scene;
  Peer& origin = scene.ask(plain_request("POST", "Content-Length: 100000\r\n"));
  origin.set_room(10);
  scene.send_body(std::string(1000, 'x'));
  CHECK(scene.client.paused);
  origin.take(500);
  CHECK(scene.client.paused);
  origin.take();
  CHECK_FALSE(scene.client.paused);
  CHECK(scene.heard_body(origin).size() == 1000);
}

TEST_CASE("E1: a client that takes nothing stops the origin, and lets it go on") {
  ExchangeScene scene;
  Peer& origin = scene.ask(plain_request("GET"));
  scene.client.full = true;
  scene.say(origin, kHello.substr(0, kHello.size() - 2));
  CHECK(origin.paused());
  scene.say(origin, "lo");
  CHECK(scene.client.body == "hel");
  scene.client.full = false;
  scene.exchange->on_client_drained();
  CHECK_FALSE(origin.paused());
  origin.pump();
  CHECK(scene.client.body == "hello");
  CHECK(scene.client.end == End::kept);
}

TEST_CASE("E2: nothing of the body is wanted before a connection stands") {
  ExchangeScene scene;
  scene.begin(plain_request("POST", "Content-Length: 5\r\n"));
  CHECK(scene.client.accepted == 0);
  REQUIRE(scene.stage.run_until([&] { return scene.client.accepted == 1; }));
  RawPeer origin(scene.listener.accept());
  scene.send_body("01234");
  scene.exchange->on_body_end();
  REQUIRE(scene.stage.run_until([&] {
    origin.read();
    return origin.received.ends_with("\r\n\r\n01234");
  }));
}

TEST_CASE("E2: where no connection can be had it is refused") {
  ExchangeScene scene;
  scene.listener = RawListener();
  scene.begin(plain_request("POST", "Content-Length: 5\r\n"));
  REQUIRE(scene.stage.run_until([&] { return scene.refusals > 0; }));
  CHECK(scene.failure->cause == Cause::origin_connect);
  CHECK(scene.failure->status == 502);
  CHECK(scene.client.accepted == 0);
  CHECK(scene.client.begun == 0);
  CHECK(scene.exchange->is_at_home());
}

TEST_CASE("E4: 102 and 103 are passed on, 100 and others are not, and the answer follows") {
  ExchangeScene scene;
  Peer& origin = scene.ask(plain_request("GET"));
  scene.say(origin,
            "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
            "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 150 What\r\n\r\n" +
                std::string(kHello));
  CHECK(scene.client.interim == "103 102 ");
  CHECK(scene.client.body == "hello");
  CHECK(scene.client.end == End::kept);
}

TEST_CASE("E4: a ninth interim head is one too many") {
  ExchangeScene scene;
  Peer& origin = scene.ask(plain_request("GET"));
  for (int i = 0; i < 9; ++i) scene.say(origin, "HTTP/1.1 103 Early Hints\r\n\r\n");
  REQUIRE(scene.refusals == 1);
  CHECK(scene.failure->cause == Cause::origin_bad_response);
  CHECK(scene.failure->status == 502);
  CHECK_FALSE(origin.connected());
}

TEST_CASE("E3: a 101 that nobody asked for is no answer") {
  ExchangeScene scene;
  Peer& origin = scene.ask(plain_request("GET", "Upgrade: h2c\r\nConnection: Upgrade\r\n"));
  CHECK(scene.heard(origin).find("Upgrade:") == std::string::npos);
  scene.say(origin, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n");
  REQUIRE(scene.refusals == 1);
  CHECK(scene.failure->cause == Cause::origin_bad_response);
  CHECK(scene.failure->status == 502);
}

TEST_CASE("E5: an early answer is relayed at once, and the body goes on") {
  ExchangeScene scene;
  Peer& origin = scene.ask(plain_request("POST", "Content-Length: 6\r\n"));
  scene.send_body("012");
  scene.say(origin, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab");
  CHECK(scene.client.body == "ab");
  CHECK_FALSE(scene.client.framing.closes);
  scene.send_body("345");
  scene.exchange->on_body_end();
  CHECK(scene.heard_body(origin) == "012345");
  scene.say(origin, "cd");
  CHECK(scene.client.end == End::kept);
  // Its head came before the request's last byte: who knows what the origin has read.
  CHECK(scene.resting() == 0);
}

TEST_CASE("E5: an answer that is whole first ends the upload, and closes both connections") {
  ExchangeScene scene;
  Peer& origin = scene.ask(plain_request("PUT", "Content-Length: 1000000\r\n"));
  scene.send_body("012");
  scene.say(origin, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\n\r\nmuch");
  CHECK(scene.client.status == 413);
  CHECK(scene.client.framing.closes);
  CHECK(scene.client.end == End::closed);
  CHECK_FALSE(origin.connected());
  CHECK_FALSE(scene.failure);
}

TEST_CASE("E5: an origin that closes behind an early answer lets the client know at its head") {
  ExchangeScene scene;
  Peer& origin = scene.ask(plain_request("PUT", "Content-Length: 1000000\r\n"));
  scene.say(origin, "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 4\r\n\r\nmu");
  CHECK(scene.client.framing.closes);
  CHECK(scene.client.end == End::none);
  scene.say(origin, "ch");
  CHECK(scene.client.end == End::closed);
}

TEST_CASE("V5: bytes behind an answer are nobody's, and the connection is closed") {
  ExchangeScene scene;
  Peer& origin = scene.ask(plain_request("GET"));
  scene.say(origin, std::string(kHello) + "HTTP/1.1 200 OK\r\n");
  CHECK(scene.client.body == "hello");
  CHECK(scene.client.end == End::kept);
  CHECK(scene.bytes_behind);
  CHECK(scene.resting() == 0);
  CHECK_FALSE(origin.connected());
}
