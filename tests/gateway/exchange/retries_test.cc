#include <string>

#include <doctest/doctest.h>

#include "gateway/exchange/exchange.h"
#include "tests/support/exchange_scene.h"

using namespace tests;
using namespace std::chrono_literals;
using gateway::outcome::Cause;
using gateway::outcome::RetryWhy;
using End = MemoryClient::End;

namespace {

constexpr std::string_view kGreeting = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
constexpr std::string_view kBusy = "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy";
constexpr std::string_view kEndless = "      retries: { budget: 100% }\n";

size_t count(ExchangeScene& scene, RetryWhy why) {
  return scene.exchange->trail().retried[static_cast<size_t>(why)];
}

}  // namespace

TEST_CASE(
    "retries: a kept connection that is gone is followed by a new one, outside of the budget") {
  for (const char* method : {"GET", "HEAD", "OPTIONS"}) {
    CAPTURE(method);
    ExchangeScene scene({}, "      retries: { budget: 0%, attempts: 0 }\n");
    scene.ask(plain_request(method)).end();
    RawPeer again = scene.connection(scene.listener);
    again.send("HTTP/1.1 204 No Content\r\n\r\n");
    REQUIRE(scene.ended());
    CHECK(scene.client.status == 204);
    CHECK(count(scene, RetryWhy::stale) == 1);
    CHECK(scene.backend().failures_in_a_row == 0);
  }
}

TEST_CASE("retries: behind a stale connection a second end is told, and not tried again") {
  ExchangeScene scene;
  scene.ask(plain_request("GET")).fail();
  scene.connection(scene.listener).close();
  REQUIRE(scene.ended());
  CHECK(scene.failure->cause == Cause::origin_abort);
  CHECK(scene.failure->status == 502);
  CHECK(scene.backend().failures_in_a_row == 1);
}

TEST_CASE("retries: stale, a PUT whose body is held is sent once more, with all that comes later") {
  ExchangeScene scene;
  Peer& origin = scene.ask(plain_request("PUT", "Content-Length: 10\r\n"));
  scene.send_body("01234");
  CHECK(scene.heard_body(origin) == "01234");
  origin.end();
  CHECK(scene.client.paused);
  scene.send_body("56");
  RawPeer again = scene.connection(scene.listener, "0123456");
  CHECK_FALSE(scene.client.paused);
  CHECK(scene.client.accepted == 1);
  scene.send_body("789");
  scene.exchange->on_body_end();
  REQUIRE(scene.stage.run_until([&] {
    again.read();
    return again.received.ends_with("\r\n\r\n0123456789");
  }));
  again.send(kGreeting);
  REQUIRE(scene.ended());
  CHECK(scene.client.body == "hello");
}

TEST_CASE("retries: stale, a PUT that is beyond what is held is not sent once more") {
  ExchangeScene scene;
  Peer& origin = scene.ask(plain_request("PUT", "Content-Length: 20000\r\n"));
  scene.send_body(std::string(16'385, 'x'));
  origin.end();
  REQUIRE(scene.refusals == 1);
  CHECK(scene.failure->cause == Cause::origin_stale);
  CHECK(scene.failure->status == 502);
}

TEST_CASE("retries: stale, a POST or PATCH may have acted and is never sent once more") {
  for (const char* method : {"POST", "PATCH", "PROPFIND"}) {
    for (const char* framing : {"Content-Length: 0\r\n", "Content-Length: 3\r\n"}) {
      CAPTURE(method);
      CAPTURE(framing);
      ExchangeScene scene("retry: [connect, stale, no_answer, 503]", kEndless, true);
      scene.ask(plain_request(method, framing)).end();
      scene.stage.settle();
      REQUIRE(scene.refusals == 1);
      CHECK(scene.failure->cause == Cause::origin_stale);
      CHECK(scene.failure->why ==
            "the origin closed a kept connection while the request was on its way: it may be asked "
            "again");
      CHECK_FALSE(readable(scene.listener.fd()));
      CHECK_FALSE(readable(scene.other.fd()));
      CHECK(scene.backend().failures_in_a_row == 0);
    }
  }
}

TEST_CASE("retries: no answer on a new connection is asked of the next server only where listed") {
  for (const bool listed : {false, true}) {
    CAPTURE(listed);
    ExchangeScene scene(listed ? "retry: [no_answer]" : "", kEndless, true);
    scene.begin(plain_request("GET"));
    scene.connection(scene.listener).close();
    if (listed) {
      scene.connection(scene.other).send(kGreeting);
      REQUIRE(scene.ended());
      CHECK(scene.client.body == "hello");
      CHECK(count(scene, RetryWhy::no_answer) == 1);
    } else {
      REQUIRE(scene.ended());
      CHECK(scene.failure->cause == Cause::origin_abort);
      CHECK_FALSE(readable(scene.other.fd()));
    }
    CHECK(scene.backend().failures_in_a_row == 1);
  }
}

TEST_CASE(
    "retries: a POST without an answer is never asked of another server, whatever is listed") {
  ExchangeScene scene("retry: [connect, stale, no_answer, 502, 503, 504]", kEndless, true);
  scene.begin(plain_request("POST"));
  scene.connection(scene.listener).close();
  REQUIRE(scene.ended());
  CHECK(scene.failure->cause == Cause::origin_abort);
  CHECK_FALSE(readable(scene.other.fd()));
}

TEST_CASE("retries: no connection, and every method is asked of the next server") {
  for (const char* method : {"GET", "PUT", "POST"}) {
    for (const bool listed : {true, false}) {
      CAPTURE(method);
      CAPTURE(listed);
      ExchangeScene scene(listed ? "" : "retry: [stale]", kEndless, true);
      // Whoever listens no more refuses.
      scene.listener = RawListener();
      scene.begin(plain_request(method));
      if (listed) scene.connection(scene.other).send(kGreeting);
      REQUIRE(scene.ended());
      CHECK(scene.failure.has_value() == !listed);
      if (listed) CHECK(count(scene, RetryWhy::connect) == 1);
      CHECK(scene.backend().failures_in_a_row == 1);
    }
  }
}

TEST_CASE("retries: a listed 503 to what only reads yields to another server, or is passed on") {
  struct Row {
    const char* http;
    const char* method;
    bool second;
    bool yields;
  };
  const Row rows[] = {{"", "GET", true, false},
                      {"retry: [503]", "GET", true, true},
                      {"retry: [503]", "GET", false, false},
                      {"retry: [502, 504]", "GET", true, false},
                      {"retry: [503]", "PUT", true, false},
                      {"retry: [503]", "POST", true, false}};
  for (const Row& row : rows) {
    CAPTURE(row.http);
    CAPTURE(row.method);
    ExchangeScene scene(row.http, kEndless, row.second);
    scene.begin(plain_request(row.method));
    scene.connection(scene.listener).send(kBusy);
    if (row.yields) scene.connection(scene.other).send(kGreeting);
    REQUIRE(scene.ended());
    CHECK(scene.client.status == (row.yields ? 200 : 503));
    CHECK(scene.client.body == (row.yields ? "hello" : "busy"));
    CHECK(count(scene, RetryWhy::answered_503) == (row.yields ? 1 : 0));
    CHECK(scene.backend().failures_in_a_row == 0);
  }
}

TEST_CASE("retries: with sticky in force a 503 is the client's") {
  ExchangeScene scene("retry: [503]", std::string(kEndless) + "      sticky: client_ip\n", true);
  scene.begin(plain_request("GET"));
  REQUIRE(scene.stage.run_until(
      [&] { return readable(scene.listener.fd()) || readable(scene.other.fd()); }));
  scene.connection(readable(scene.listener.fd()) ? scene.listener : scene.other).send(kBusy);
  REQUIRE(scene.ended());
  CHECK(scene.client.status == 503);
}

TEST_CASE("retries: an answer that is late is asked of nobody else") {
  ExchangeScene scene("response_timeout: 2s, retry: [connect, stale, no_answer, 504]", kEndless,
                      true);
  scene.begin(plain_request("GET"));
  const RawPeer origin = scene.connection(scene.listener);
  scene.stage.pass(2100ms);
  REQUIRE(scene.refusals == 1);
  CHECK(scene.failure->cause == Cause::origin_timeout);
  CHECK(scene.failure->status == 504);
  scene.stage.settle();
  CHECK_FALSE(readable(scene.other.fd()));
  CHECK(scene.backend().failures_in_a_row == 0);
}

TEST_CASE("E11: a challenge is met with credentials, and the body that is held") {
  constexpr std::string_view kAuth =
      "      auth: { username: weir, password: secret, allow_basic_plaintext: true }\n";
  constexpr std::string_view kChallenge =
      "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"b\"\r\nContent-Length: 2\r\n\r\nno";
  for (const size_t size : {size_t{3}, size_t{16'384}, size_t{16'385}}) {
    CAPTURE(size);
    ExchangeScene scene({}, kAuth);
    Peer& origin = scene.ask(plain_request(
        "POST", "Authorization: mine\r\nContent-Length: " + std::to_string(size) + "\r\n"));
    CHECK(scene.heard(origin).find("Authorization") == std::string::npos);
    const std::string body(size, 'x');
    scene.send_body(body);
    scene.exchange->on_body_end();
    scene.say(origin, kChallenge);
    if (size > 16'384) {
      REQUIRE(scene.refusals == 1);
      CHECK(scene.failure->cause == Cause::origin_auth);
      CHECK(scene.failure->status == 502);
      continue;
    }
    RawPeer again = scene.connection(scene.listener, body);
    CHECK(again.received.find("Authorization: Basic d2VpcjpzZWNyZXQ=\r\n") != std::string::npos);
    again.send(kGreeting);
    REQUIRE(scene.ended());
    CHECK(scene.client.body == "hello");
    CHECK(scene.client.accepted == 1);
  }
}

TEST_CASE("E11: a challenge that comes late leaves a new connection its whole establish_timeout") {
  ExchangeScene scene("response_timeout: 1h",
                      "      establish_timeout: 2s\n"
                      "      auth: { username: a, password: b, allow_basic_plaintext: true }\n");
  Peer& origin = scene.ask(plain_request("GET"));
  scene.stage.pass(10s);
  scene.say(origin,
            "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"b\"\r\nContent-Length: 0\r\n\r\n");
  scene.connection(scene.listener).send(kGreeting);
  REQUIRE(scene.ended());
  CHECK(scene.client.body == "hello");
}

TEST_CASE("E11: without credentials of ours a challenge is the client's") {
  ExchangeScene scene;
  Peer& origin = scene.ask(plain_request("GET", "Authorization: mine\r\n"));
  CHECK(scene.heard(origin).find("Authorization: mine\r\n") != std::string::npos);
  scene.say(origin, "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n");
  CHECK(scene.client.status == 401);
  CHECK(scene.client.fields == "WWW-Authenticate: Basic\r\n");
  CHECK(scene.client.end == End::kept);
}
