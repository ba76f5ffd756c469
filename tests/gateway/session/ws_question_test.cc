#include "gateway/session/ws_question.h"

#include <memory>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "tests/support/upgrade_scene.h"

using namespace tests;
using namespace std::chrono_literals;
using gateway::outcome::Cause;
using gateway::outcome::Retry;

TEST_CASE("upgrade: asks the origin with a key of its own, and says who asked") {
  UpgradeScene scene;
  scene.asked.target = "/chat?room=7";
  scene.asked.fields =
      "Cookie: id=1\r\nX-Forwarded-For: 6.6.6.6\r\nConnection: X-Private\r\nX-Private: 1\r\n"
      "Sec-WebSocket-Protocol: chat, superchat\r\n"
      "Sec-WebSocket-Extensions: permessage-deflate, x-other\r\nTE: trailers\r\n";
  RawPeer origin = scene.ask();
  const std::string& request = origin.received;
  CHECK(request.starts_with("GET /chat?room=7 HTTP/1.1\r\n"));
  CHECK(field_of(request, "Host") == "chat.example.com");
  CHECK(field_of(request, "Upgrade") == "websocket");
  CHECK(field_of(request, "Connection") == "Upgrade");
  CHECK(field_of(request, "Sec-WebSocket-Version") == "13");
  CHECK(field_of(request, "Sec-WebSocket-Key").size() == kKey.size());
  CHECK(field_of(request, "Sec-WebSocket-Key") != kKey);
  CHECK(field_of(request, "Sec-WebSocket-Protocol") == "chat, superchat");
  CHECK(field_of(request, "Sec-WebSocket-Extensions") == "permessage-deflate");
  CHECK(field_of(request, "Cookie") == "id=1");
  CHECK(field_of(request, "X-Forwarded-For") == "203.0.113.7");
  CHECK(field_of(request, "X-Forwarded-Proto") == "http");
  CHECK(field_of(request, "X-Forwarded-Host") == "chat.example.com");
  CHECK(field_of(request, "X-Forwarded-Port") == "80");
  CHECK(field_of(request, "Via") == "1.1 weir-node-1");
  CHECK(field_of(request, "X-Private").empty());
  CHECK(field_of(request, "TE").empty());
  CHECK_FALSE(scene.done());
}

TEST_CASE("upgrade: a valid 101 gives the stream, the choices and what was glued to it") {
  UpgradeScene scene;
  scene.asked.fields = "Sec-WebSocket-Protocol: chat\r\n";
  RawPeer origin = scene.ask();
  origin.send(switching_answer(origin.received,
                               "Sec-WebSocket-Protocol: chat\r\nSet-Cookie: a=b\r\n"
                               "Date: now\r\nConnection: X-Inside\r\nX-Inside: 1\r\n") +
              "glued");
  REQUIRE(scene.finished());
  REQUIRE(scene.stream != nullptr);
  CHECK(scene.upgrades == 1);
  CHECK(scene.answer.subprotocol == "chat");
  CHECK(scene.answer.extensions.empty());
  CHECK(scene.fields == "Set-Cookie: a=b\r\n");
  CHECK(scene.rest == "glued");
  CHECK(scene.address == scene.origin.address());
}

TEST_CASE("upgrade: the 101 may come in any pieces, and octet by octet") {
  for (const size_t piece : {size_t{1}, size_t{7}, size_t{64}}) {
    CAPTURE(piece);
    UpgradeScene scene;
    RawPeer origin = scene.ask();
    const std::string answer = switching_answer(origin.received);
    for (size_t from = 0; from < answer.size(); from += piece) {
      CHECK_FALSE(scene.done());
      origin.send(answer.substr(from, piece));
      scene.turn();
    }
    REQUIRE(scene.finished());
    CHECK(scene.upgrades == 1);
    CHECK(scene.rest.empty());
  }
}

TEST_CASE("upgrade: 1xx answers before the final one are read over, eight at most") {
  for (const int interim : {1, 2, 8, 9}) {
    CAPTURE(interim);
    UpgradeScene scene;
    RawPeer origin = scene.ask();
    std::string answer;
    for (int i = 0; i < interim; ++i) {
      answer += i % 2 == 0 ? "HTTP/1.1 100 Continue\r\n\r\n"
                           : "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    }
    origin.send(answer + switching_answer(origin.received) + "glued");
    REQUIRE(scene.finished());
    CHECK((scene.upgrades == 1) == (interim <= 8));
    if (interim <= 8) {
      CHECK(scene.rest == "glued");
    } else {
      CHECK(scene.failure.cause == Cause::origin_bad_upgrade);
      CHECK(scene.failure.why == "the origin sends one interim answer after the other");
    }
  }
}

TEST_CASE("upgrade: a 101 that is none is 502 and says why") {
  struct Row {
    std::string_view from;
    std::string_view to;
    std::string_view why;
  };
  const Row rows[] = {
      {"Upgrade: websocket", "Upgrade: h2c", "Upgrade is not websocket and nothing else"},
      {"Connection: Upgrade", "Connection: close", "Connection does not name Upgrade"},
      {"Sec-WebSocket-Accept: ", "Sec-WebSocket-Accept: x",
       "Sec-WebSocket-Accept does not match the key"},
      {"Sec-WebSocket-Accept: ", "X-Accept: ", "Sec-WebSocket-Accept is not there exactly once"},
      {"\r\n\r\n", "\r\nSec-WebSocket-Protocol: chat\r\n\r\n",
       "Sec-WebSocket-Protocol names what was not offered"},
      {"\r\n\r\n", "\r\nContent-Length: 3\r\n\r\n", "a 101 answer must not announce a body"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.to);
    UpgradeScene scene;
    RawPeer origin = scene.ask();
    std::string answer = switching_answer(origin.received);
    answer.replace(answer.find(row.from), row.from.size(), row.to);
    origin.send(answer);
    REQUIRE(scene.finished());
    CHECK(scene.failures == 1);
    CHECK(scene.failure.cause == Cause::origin_bad_upgrade);
    CHECK(scene.failure.status == 502);
    CHECK(scene.failure.why == "the origin's 101 is not valid: " + std::string(row.why));
    CHECK(scene.failure.detail == scene.origin.address().to_string());
    CHECK(scene.failure.retry == Retry::no);
  }
}

TEST_CASE("upgrade: an extension that was not offered is 502") {
  UpgradeScene scene;
  RawPeer origin = scene.ask();
  CHECK(field_of(origin.received, "Sec-WebSocket-Extensions").empty());
  origin.send(
      switching_answer(origin.received, "Sec-WebSocket-Extensions: permessage-deflate\r\n"));
  REQUIRE(scene.finished());
  CHECK(scene.failure.cause == Cause::origin_bad_upgrade);
}

TEST_CASE("upgrade: what is no HTTP, too large or cut off is 502") {
  struct Row {
    std::string text;
    std::string why;
  };
  const Row rows[] = {
      {"HTTP/1.0 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
       "the origin's answer is not HTTP/1.1: "},
      {"SSH-2.0-OpenSSH\r\n\r\n", "the origin's answer is not HTTP/1.1: "},
      {"HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'x'),
       "the origin's answer has a head of more than 16KiB: origin.max_response_head allows no"},
      {"", "the origin closed the connection without an answer"},
      {"HTTP/1.1 101 Swi", "the origin closed the connection in the middle of its answer"},
      {"HTTP/1.1 403 No\r\nContent-Le",
       "the origin closed the connection in the middle of its answer"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text.substr(0, 60));
    UpgradeScene scene;
    RawPeer origin = scene.ask();
    origin.send(row.text);
    origin.shut();
    REQUIRE(scene.finished());
    CHECK(scene.failures == 1);
    CHECK(scene.failure.status == 502);
    CHECK(scene.failure.cause == Cause::origin_bad_upgrade);
    CHECK(scene.failure.why.starts_with(row.why));
  }
}

TEST_CASE("upgrade: a connection that is reset is 502 and was asked already") {
  UpgradeScene scene;
  RawPeer origin = scene.ask();
  origin.reset();
  REQUIRE(scene.finished());
  CHECK(scene.failure.cause == Cause::origin_connect);
  CHECK(scene.failure.status == 502);
  CHECK(scene.failure.why.starts_with("the connection to the origin was lost: "));
  CHECK(scene.was_asked);
}

TEST_CASE("upgrade: an origin that refuses connections was asked nothing") {
  UpgradeScene scene;
  scene.server.port = scene.closed_port();
  scene.begin();
  REQUIRE(scene.finished());
  CHECK(scene.failure.cause == Cause::origin_connect);
  CHECK(scene.failure.retry == Retry::elsewhere);
  CHECK_FALSE(scene.was_asked);
}

TEST_CASE("upgrade: request_timeout and establish_timeout are 504, each in its own words") {
  UpgradeScene scene;
  scene.config.origin.request_timeout = 5s;
  RawPeer silent = scene.ask();
  scene.stage.pass(4s);
  CHECK_FALSE(scene.done());
  scene.stage.pass(2s);
  CHECK(scene.failure.cause == Cause::origin_timeout);
  CHECK(scene.failure.status == 504);
  CHECK(scene.failure.why == "the origin did not answer within request_timeout");

  UpgradeScene other;
  other.config.origin.establish_timeout = 3s;
  RawPeer slow = other.ask();
  slow.send("HTTP/1.1 103 Early Hints\r\n\r\n");
  other.turn();
  other.stage.pass(4s);
  CHECK(other.failure.status == 504);
  CHECK(other.failure.why == "no WebSocket with the origin within establish_timeout");
}

TEST_CASE("upgrade: destroying it closes the connection in silence") {
  UpgradeScene scene;
  RawPeer origin = scene.ask();
  scene.journey.reset();
  scene.turn();
  origin.read();
  CHECK(origin.ended);
  origin.send(switching_answer(origin.received));
  scene.turn();
  CHECK_FALSE(scene.done());
}

TEST_CASE("upgrade: the refusal's body by length, in chunks or until the close") {
  struct Row {
    std::string_view head;
    std::string_view body;
    bool closes;
  };
  const Row rows[] = {
      {"Content-Length: 7\r\n", "not you", false},
      {"Transfer-Encoding: chunked\r\n", "3\r\nnot\r\n4\r\n you\r\n0\r\n\r\n", false},
      {"", "not you", true},
      {"Connection: close\r\n", "not you", true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.head);
    UpgradeScene scene;
    RawPeer origin = scene.ask();
    origin.send("HTTP/1.1 403 Go away\r\nX-Why: policy\r\n" + std::string(row.head) + "\r\n");
    scene.turn();
    CHECK_FALSE(scene.done());
    origin.send(row.body);
    if (row.closes) origin.shut();
    REQUIRE(scene.finished());
    CHECK(scene.refusals == 1);
    CHECK(scene.refused.status == 403);
    const std::string& response = scene.refused.response;
    CHECK(status_of(response) == 403);
    CHECK(field_of(response, "X-Why") == "policy");
    CHECK(field_of(response, "Content-Length") == "7");
    CHECK(field_of(response, "Transfer-Encoding").empty());
    CHECK(body_of(response) == "not you");
    CHECK(scene.address == scene.origin.address());
  }
}

TEST_CASE("upgrade: a refusal without a body") {
  for (const std::string_view text :
       {"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n",
        "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nRetry-After: 9\r\n\r\n"}) {
    CAPTURE(text);
    UpgradeScene scene;
    RawPeer origin = scene.ask();
    origin.send(text);
    REQUIRE(scene.finished());
    REQUIRE(scene.refusals == 1);
    CHECK(body_of(scene.refused.response).empty());
    CHECK(field_of(scene.refused.response, "Content-Length") ==
          (scene.refused.status == 503 ? "0" : ""));
  }
}

TEST_CASE("upgrade: a refusal's body is cut at 64 KiB, and its length says so") {
  const std::string body(size_t{100} * 1024, 'b');
  for (const std::string& head :
       {"Content-Length: " + std::to_string(body.size()), std::string()}) {
    CAPTURE(head);
    UpgradeScene scene;
    RawPeer origin = scene.ask();
    origin.send("HTTP/1.1 500 Broken\r\n" + (head.empty() ? head : head + "\r\n") + "\r\n" + body);
    REQUIRE(scene.finished());
    REQUIRE(scene.refusals == 1);
    CHECK(field_of(scene.refused.response, "Content-Length") == "65536");
    CHECK(body_of(scene.refused.response).size() == scene.question->patience().most_body);
  }
}
