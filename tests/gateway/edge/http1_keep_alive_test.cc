// One connection, many requests: what keeps it, what closes it, and what waits.

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/access_file.h"
#include "tests/support/carriage.h"
#include "tests/support/cuts.h"
#include "tests/support/handshakes.h"

using namespace tests;
using namespace std::chrono_literals;

namespace {

// Answered with the page of the built-in origin.
std::string page_request(std::string_view fields = {}, std::string_view version = "1.1") {
  return "HEAD / HTTP/" + std::string(version) + "\r\nHost: chat.example.com\r\n" +
         std::string(fields) + "\r\n";
}
std::string request_to_nobody(std::string_view fields = {}) {
  return "GET /here HTTP/1.1\r\nHost: nobody.example.com\r\n" + std::string(fields) + "\r\n";
}

gateway::config::Document with_limits(
    const std::function<void(gateway::config::NodeLimits&)>& change) {
  gateway::config::Document document = document_of(kEchoDomain);
  change(document.limits);
  return document;
}

size_t answers_in(std::string_view text) {
  size_t count = 0;
  for (size_t at = 0; (at = text.find("HTTP/1.1 ", at)) != std::string_view::npos; ++at) ++count;
  return count;
}

}  // namespace

TEST_CASE("E9 keep-alive: requests follow one another, each cut anywhere") {
  const std::string two = page_request() + request_to_nobody();
  for_each_cut(proto::bytes_of(two), [](const Pieces& pieces) {
    Carriage one;
    one.connection->start();
    for (const auto piece : pieces) {
      one.client.send(piece);
      one.scene.stage.settle();
    }
    CHECK(one.overs == 0);
    CHECK(answers_in(one.heard()) == 2);
    CHECK(one.heard().find("HTTP/1.1 404 ") != std::string::npos);
    CHECK(one.heard().find("Connection") == std::string::npos);
    CHECK_FALSE(one.client.saw_end());
    CHECK(one.scene.idle_clients.size() == 1);
  });
}

TEST_CASE("J7 keep-alive: 100 pipelined requests are answered in order") {
  std::string all;
  for (int i = 0; i < 100; ++i) all += i % 2 == 0 ? page_request() : request_to_nobody();
  Carriage one;
  one.connection->start();
  one.say(all);
  for (int round = 0; round < 10; ++round) one.scene.stage.settle();
  std::string text = one.heard();
  for (int i = 0; i < 100; ++i) {
    const size_t at = text.find("HTTP/1.1 ");
    REQUIRE(at != std::string::npos);
    CHECK(text.substr(at + 9, 3) == (i % 2 == 0 ? "200" : "404"));
    text = text.substr(at + 9);
  }
  CHECK(one.scene.answers(200) == 50);
  CHECK(one.scene.unmatched_answers(404) == 50);
}

TEST_CASE("J7 keep-alive: an answer that is not taken stops the requests behind it") {
  Carriage one;
  one.connection->start();
  one.client.set_room(10);
  one.say(page_request() + page_request());
  one.scene.stage.settle();
  CHECK(one.scene.answers(200) == 1);
  one.say(std::string(64, ' ').assign(page_request()));
  one.scene.stage.settle();
  CHECK(one.scene.answers(200) == 1);
  one.client.take();
  one.scene.stage.settle();
  CHECK(one.scene.answers(200) == 3);
}

TEST_CASE("J7 keep-alive: behind a request no more than 16 KiB wait, then reading stops") {
  Carriage one;
  one.connection->start();
  one.client.set_room(10);
  one.say(page_request());
  const std::string piece = request_to_nobody("X-A: " + std::string(900, 'a') + "\r\n");
  size_t sent = 0;
  for (int i = 0; i < 40; ++i) {
    one.say(piece);
    sent += piece.size();
  }
  CHECK(one.client.paused());
  CHECK(one.client.shown() <= page_request().size() + 16 * 1024 + piece.size());
  CHECK(one.client.unread() > 0);
  one.client.take();
  for (int round = 0; round < 20; ++round) {
    one.scene.stage.settle();
    one.client.pump();
  }
  CHECK(answers_in(one.heard()) == 41);
}

TEST_CASE("J7 keep-alive: one empty line between requests is skipped, and begins none") {
  Carriage one;
  one.connection->start();
  one.say(page_request() + "\r\n" + page_request());
  CHECK(answers_in(one.hears()) == 2);
  one.say("\r\n");
  one.scene.pass(20s);
  CHECK(one.hears().empty());
  one.say(page_request());
  CHECK(answers_in(one.hears()) == 1);
}

TEST_CASE("J7 keep-alive: after a request with Connection: close nothing more is answered") {
  Carriage one;
  one.connection->start();
  one.say(page_request("Connection: Close\r\n") + request_to_nobody());
  const std::string heard = one.hears();
  CHECK(answers_in(heard) == 1);
  CHECK(field_of(heard, "Connection") == "close");
  CHECK(one.client.saw_end());
  one.say(request_to_nobody());
  CHECK(one.hears().empty());
  CHECK(one.scene.unmatched_answers(404) == 0);
}

TEST_CASE("J3 keep-alive: a client of HTTP/1.0 keeps its connection only when it asks") {
  Carriage one;
  one.connection->start();
  one.say(page_request("Connection: keep-alive\r\n", "1.0"));
  CHECK(field_of(one.hears(), "Connection") == "keep-alive");
  CHECK_FALSE(one.client.saw_end());
  one.say(page_request({}, "1.0"));
  CHECK(field_of(one.hears(), "Connection") == "close");
  CHECK(one.client.saw_end());
}

TEST_CASE("J9 keep-alive: between requests keep_alive counts, and the end comes in silence") {
  AccessFile file;
  Carriage one(&file.log());
  one.connection->start();
  one.say(page_request());
  one.hears();
  const size_t lines = file.lines().size();
  one.scene.pass(74'900ms);
  CHECK_FALSE(one.client.saw_end());
  one.scene.pass(200ms);
  CHECK(one.client.saw_end());
  CHECK(one.hears().empty());
  one.scene.pass(2100ms);
  CHECK(one.overs == 1);
  CHECK(file.lines().size() == lines);
}

TEST_CASE("J9 keep-alive: a later head has header_timeout from its first byte, absolute") {
  Carriage one;
  one.connection->start();
  one.say(page_request());
  one.hears();
  one.scene.pass(60s);
  one.say("GET");
  for (int second = 0; second < 9; ++second) {
    one.scene.pass(1s);
    one.say(second == 0 ? " /" : "a");
    REQUIRE(one.heard().empty());
  }
  one.scene.pass(1100ms);
  CHECK(status_of(one.hears()) == 408);
  CHECK(one.client.saw_end());
}

TEST_CASE(
    "E9 keep-alive: limits.requests and connection_age end a connection, keep_alive: off all") {
  using Limits = gateway::config::NodeLimits;
  Carriage counted(with_limits([](Limits& limits) { limits.requests = 2; }));
  counted.connection->start();
  counted.say(page_request());
  CHECK(field_of(counted.hears(), "Connection").empty());
  counted.say(page_request());
  CHECK(field_of(counted.hears(), "Connection") == "close");
  CHECK(counted.client.saw_end());

  Carriage aged(with_limits([](Limits& limits) { limits.connection_age = 60s; }));
  aged.connection->start();
  aged.say(page_request());
  CHECK(field_of(aged.hears(), "Connection").empty());
  aged.scene.pass(61s);
  aged.say(page_request());
  CHECK(field_of(aged.hears(), "Connection") == "close");

  Carriage never(with_limits([](Limits& limits) { limits.keep_alive.reset(); }));
  never.connection->start();
  never.say(page_request());
  CHECK(field_of(never.hears(), "Connection") == "close");
}

TEST_CASE("E9 keep-alive: each request is judged by the configuration in force") {
  Carriage one;
  one.connection->start();
  one.say(page_request());
  CHECK(status_of(one.hears()) == 200);
  one.scene.use(std::string(kOriginDomain));
  one.say(page_request());
  CHECK(status_of(one.hears()) == 426);
}

TEST_CASE("section 7 keep-alive: the statuses that keep a connection, and those that do not") {
  struct Row {
    std::string request;
    int status;
    bool kept;
  };
  const std::string host = "Host: chat.example.com\r\n";
  for (const Row& row : {
           Row{request_to_nobody(), 404, true},
           Row{request_to_nobody("Content-Length: 0\r\n"), 404, true},
           Row{request_to_nobody("Content-Length: 3\r\n") + "abc", 404, false},
           Row{request_to_nobody("Transfer-Encoding: chunked\r\n") + "0\r\n\r\n", 404, false},
           Row{"GET /chat HTTP/1.1\r\n" + host + "\r\n", 426, false},
           Row{"GET / HTTP/1.1\r\n\r\n", 400, false},
           Row{upgrade_request({.host = "nobody.example.com"}), 404, false},
           Row{upgrade_request({.fields = "Origin: https://evil.test\r\n"}), 403, false},
       }) {
    CAPTURE(row.request);
    Carriage one;
    one.connection->start();
    one.say(row.request);
    const std::string heard = one.hears();
    CHECK(status_of(heard) == row.status);
    CHECK(one.client.saw_end() == !row.kept);
    CHECK((field_of(heard, "Connection") == "close") == !row.kept);
  }
}

TEST_CASE("J2 keep-alive: OPTIONS * is answered here where http is on, and is no path elsewhere") {
  for (const bool on : {true, false}) {
    Carriage one(std::string("  - domain: chat.example.com\n    websocket: { enabled: true }\n") +
                 (on ? "    http: { enabled: true }\n" : "") +
                 "    origin: { servers: [{ address: \"127.0.0.1:1\" }] }\n");
    one.connection->start();
    one.say("OPTIONS * HTTP/1.1\r\nHost: chat.example.com\r\n\r\n");
    const std::string heard = one.hears();
    CHECK(status_of(heard) == (on ? 200 : 426));
    if (on) CHECK(field_of(heard, "Content-Length") == "0");
    CHECK(one.client.saw_end() == !on);
  }
  for (const std::string_view request :
       {"GET * HTTP/1.1\r\nHost: chat.example.com\r\n\r\n", "OPTIONS * HTTP/1.1\r\n\r\n",
        "GET chat.example.com:80 HTTP/1.1\r\nHost: chat.example.com\r\n\r\n"}) {
    CAPTURE(request);
    Carriage one;
    one.connection->start();
    one.say(request);
    CHECK(status_of(one.hears()) == 400);
    CHECK(one.client.saw_end());
  }
}

TEST_CASE("E9 keep-alive: the longest idle goes for a newcomer where places are few") {
  Carriage first;
  first.connection->start();
  first.say(page_request());
  first.hears();
  first.scene.admission.set_limit(0);
  first.scene.idle_clients.make_room();
  CHECK(first.overs == 1);
  CHECK(first.scene.admission.held() == 0);
}

TEST_CASE("E9 keep-alive: a worker without newcomers gives its idle ones up, too") {
  Carriage one;
  one.connection->start();
  one.say(page_request());
  one.hears();
  one.scene.pass(1s);
  CHECK(one.overs == 0);
  one.scene.admission.set_limit(0);
  one.scene.pass(300ms);
  CHECK(one.overs == 1);
}

TEST_CASE(
    "E9 keep-alive: in a drain an idle one is let go with a FIN, a running one by its answer") {
  Carriage idle;
  idle.connection->start();
  idle.say(page_request());
  idle.hears();
  idle.scene.context.draining = true;
  idle.connection->turn_away();
  CHECK_FALSE(idle.client.saw_end());
  idle.scene.idle_clients.let_go(1, gateway::edge::LetGo::gently);
  CHECK(idle.client.saw_end());
  CHECK(idle.overs == 0);
  idle.say(page_request());
  CHECK(idle.hears().empty());
  idle.client.end();
  CHECK(idle.overs == 1);

  Carriage running;
  running.connection->start();
  running.say(page_request());
  running.hears();
  running.scene.context.draining = true;
  running.say(page_request());
  const std::string heard = running.hears();
  CHECK(status_of(heard) == 200);
  CHECK(field_of(heard, "Connection") == "close");
  CHECK(running.client.saw_end());
}

TEST_CASE("keep-alive: a client that ends between requests, or in a head, leaves no line") {
  for (const std::string_view begun : {"", "GET /ch"}) {
    AccessFile file;
    Carriage one(&file.log());
    one.connection->start();
    one.say(page_request());
    one.hears();
    const size_t lines = file.lines().size();
    one.say(begun);
    one.client.end();
    CHECK(one.overs == 1);
    CHECK(file.lines().size() == lines);
  }
}

TEST_CASE("keep-alive: requests that came with the client's FIN are answered all the same") {
  Carriage one;
  one.connection->start();
  one.say(page_request() + page_request() + request_to_nobody() + "GET /ha");
  one.client.end();
  CHECK(answers_in(one.hears()) == 3);
  CHECK(one.overs == 1);
}

TEST_CASE("keep-alive: an upgrade behind a plain request becomes a session") {
  Carriage one;
  one.connection->start();
  one.say(page_request() + upgrade_request());
  const std::string heard = one.hears();
  CHECK(answers_in(heard) == 2);
  CHECK(heard.find("HTTP/1.1 101 ") != std::string::npos);
  CHECK(one.overs == 1);
  CHECK(one.scene.table.size() == 1);
}

TEST_CASE("keep-alive: between requests nothing is kept but the stream") {
  static_assert(sizeof(gateway::edge::Client) <= 640,
                "an idle client is one of these, and a stream");
  Carriage one;
  one.connection->start();
  one.say(page_request());
  one.hears();
  CHECK(one.scene.idle_clients.size() == 1);
}
