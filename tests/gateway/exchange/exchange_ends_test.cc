#include <string>

#include <doctest/doctest.h>

#include "gateway/exchange/exchange.h"
#include "tests/support/exchange_scene.h"

using namespace tests;
using namespace std::chrono_literals;
using gateway::outcome::Blame;
using gateway::outcome::Cause;
using End = MemoryClient::End;

namespace {

constexpr std::string_view kHead = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";

}  // namespace

TEST_CASE("E8: a client that has left closes the origin's connection at once, at every stage") {
  for (const std::string_view said : {std::string_view(), kHead.substr(0, 9), kHead}) {
    CAPTURE(said);
    ExchangeScene scene;
    Peer& origin = scene.ask(plain_request("GET"));
    if (!said.empty()) scene.say(origin, said);
    scene.exchange->client_left();
    CHECK_FALSE(origin.connected());
    CHECK(scene.overs == 1);
    REQUIRE(scene.failure);
    CHECK(scene.failure->cause == Cause::client_abort);
    CHECK(scene.failure->status == 499);
    CHECK(scene.failure->blame == Blame::client);
    CHECK(scene.client.end == End::none);
    CHECK(scene.backend().attempts == 0);
    CHECK(scene.backend().failures_in_a_row == 0);
    scene.exchange->client_left();
    CHECK(scene.overs == 1);
  }
}

TEST_CASE("E8: a client that leaves while a connection is sought leaves nothing behind") {
  ExchangeScene scene;
  scene.begin(plain_request("GET"));
  scene.exchange->client_left();
  scene.stage.settle();
  CHECK(scene.overs == 1);
  CHECK(scene.backend().attempts == 0);
}

TEST_CASE(
    "E7: a body that breaks on its way is refused before the answer, and cuts one behind it") {
  for (const bool answered : {false, true}) {
    CAPTURE(answered);
    ExchangeScene scene;
    Peer& origin = scene.ask(plain_request("POST", "Content-Length: 9\r\n"));
    scene.send_body("012");
    if (answered) scene.say(origin, kHead);
    scene.exchange->abort({.cause = Cause::body_too_large,
                           .status = 413,
                           .blame = Blame::client,
                           .why = "the request body is larger than http.max_body"});
    CHECK_FALSE(origin.connected());
    CHECK(scene.ends() == 1);
    CHECK(scene.failure->cause == Cause::body_too_large);
    CHECK(scene.refusals == (answered ? 0 : 1));
    CHECK(scene.client.end == (answered ? End::cut : End::none));
    scene.send_body("345");
    scene.exchange->on_body_end();
    scene.exchange->on_client_drained();
    CHECK(scene.ends() == 1);
  }
}

TEST_CASE("E6: what an origin has said before it took no more is the answer, as an early one") {
  ExchangeScene scene;
  Peer& origin = scene.ask(plain_request("PUT", "Content-Length: 100000\r\n"));
  scene.send_body("012");
  // As a stream tells it: what had come first, and the failed write behind.
  scene.say(origin, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\n\r\nmuch");
  CHECK(scene.client.status == 413);
  CHECK(scene.client.body == "much");
  CHECK(scene.client.end == End::closed);
  CHECK_FALSE(scene.failure);
}

TEST_CASE(
    "E6: an origin that closes with unread data has its answer heard over a real connection") {
  for (int round = 0; round < 20; ++round) {
    ExchangeScene scene;
    scene.begin(plain_request("POST", "Content-Length: 100000000\r\n"));
    RawPeer origin = scene.connection(scene.listener);
    const std::string much(size_t{64} * 1024, 'x');
    scene.send_body(much);
    scene.send_body(much);
    // Unread data make this a reset behind the answer.
    origin.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\n\r\nmuch");
    origin.close();
    for (int i = 0; i < 4 && scene.ends() == 0; ++i) scene.send_body(much);
    REQUIRE(scene.ended());
    CHECK(scene.client.status == 413);
    CHECK(scene.client.body == "much");
    CHECK(scene.client.end == End::closed);
  }
}

TEST_CASE("E6: an origin that takes no more and has said nothing is a 502 that says so") {
  ExchangeScene scene;
  scene.begin(plain_request("POST", "Content-Length: 100000000\r\n"));
  RawPeer origin = scene.connection(scene.listener);
  origin.reset();
  while (scene.ends() == 0) {
    scene.send_body("more");
    scene.stage.settle();
  }
  REQUIRE(scene.refusals == 1);
  CHECK(scene.failure->cause == Cause::origin_abort);
  CHECK(scene.failure->status == 502);
}

TEST_CASE("E10: the table of the origin's time-outs") {
  struct Row {
    const char* name;
    const char* http;
    std::string_view request;
    std::string_view answer;  // that has come
    bool room;                // the origin takes what it is sent
    std::chrono::milliseconds limit;
    Cause cause;
    int status;
    const char* why;
  };
  const std::string get = plain_request("GET");
  const std::string post = plain_request("POST", "Content-Length: 5\r\n");
  const Row rows[] = {
      {"response, head", "response_timeout: 2s", get, "", true, 2s, Cause::origin_timeout, 504,
       "the origin sent nothing within http.response_timeout"},
      {"response, body", "response_timeout: 2s", get, kHead, true, 2s, Cause::origin_timeout, 504,
       "the origin sent nothing within http.response_timeout"},
      {"stall", "send_stall_timeout: 3s", post, "", false, 3s, Cause::origin_timeout, 504,
       "the origin took nothing of the request within http.send_stall_timeout"},
      {"whole, head", "max_duration: 4s", get, "", true, 4s, Cause::max_duration, 504,
       "the exchange was not over within http.max_duration"},
      {"whole, body", "max_duration: 4s", get, kHead, true, 4s, Cause::max_duration, 504,
       "the exchange was not over within http.max_duration"}};
  for (const Row& row : rows) {
    CAPTURE(row.name);
    ExchangeScene scene(row.http);
    Peer& origin = scene.ask(std::string(row.request));
    if (!row.room) {
      origin.set_room(0);
      scene.send_body("01234");
      scene.exchange->on_body_end();
    }
    if (!row.answer.empty()) scene.say(origin, row.answer);
    scene.stage.pass(row.limit - 100ms);
    CHECK(scene.ends() == 0);
    scene.stage.pass(700ms);
    REQUIRE(scene.ends() == 1);
    CHECK(scene.failure->cause == row.cause);
    CHECK(scene.failure->status == row.status);
    CHECK(scene.failure->why == row.why);
    CHECK(scene.client.end == (row.answer.empty() ? End::none : End::cut));
    CHECK_FALSE(origin.connected());
    CHECK(scene.backend().failures_in_a_row == 0);
  }
}

TEST_CASE(
    "E10: each byte of an answer begins its time anew, an interim head and part of one, too") {
  ExchangeScene scene("response_timeout: 2s");
  Peer& origin = scene.ask(plain_request("GET"));
  for (const char* part : {"HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 200", " OK\r\nContent-",
                           "Length: 5\r\n\r\n", "h", "e", "llo"}) {
    scene.stage.pass(1900ms);
    REQUIRE(scene.ends() == 0);
    scene.say(origin, part);
  }
  CHECK(scene.client.body == "hello");
}

TEST_CASE(
    "E10: the answer is not waited for while the request is still coming, or nobody reads it") {
  ExchangeScene scene("response_timeout: 2s");
  Peer& origin = scene.ask(plain_request("POST", "Content-Length: 5\r\n"));
  scene.stage.pass(1h);
  CHECK(scene.ends() == 0);
  scene.send_body("01234");
  scene.exchange->on_body_end();
  scene.client.full = true;
  scene.say(origin, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
  scene.stage.pass(1h);
  CHECK(scene.ends() == 0);
  scene.client.full = false;
  scene.exchange->on_client_drained();
  scene.stage.pass(2100ms);
  CHECK(scene.client.end == End::cut);
}

TEST_CASE("E10: an origin that takes the request slowly is one that takes it") {
  ExchangeScene scene("send_stall_timeout: 2s");
  Peer& origin = scene.ask(plain_request("POST", "Content-Length: 100\r\n"));
  origin.set_room(0);
  scene.send_body(std::string(100, 'x'));
  for (int i = 0; i < 20; ++i) {
    scene.stage.pass(1900ms);
    origin.take(1);
  }
  CHECK(scene.ends() == 0);
}
