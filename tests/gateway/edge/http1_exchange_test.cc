// Exchanges over the carrier of HTTP/1.1: bodies both ways, a client's time, and how they end.

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/access_file.h"
#include "tests/support/edge_stage.h"

using namespace tests;
using namespace std::chrono_literals;

namespace {

void with_http(gateway::config::Document& document) { document.domains[0].http.enabled = true; }

EdgeStage::Change with_http_and(const std::function<void(gateway::config::Http&)>& change) {
  return [change](gateway::config::Document& document) {
    with_http(document);
    change(document.domains[0].http);
  };
}

std::string request(std::string_view line, std::string_view fields = {},
                    std::string_view body = {}) {
  return std::string(line) + "\r\nHost: chat.example.com\r\n" + std::string(fields) + "\r\n" +
         std::string(body);
}
std::string get(std::string_view fields = {}) { return request("GET /a HTTP/1.1", fields); }
std::string post(std::string_view body) {
  return request("POST /a HTTP/1.1", "Content-Length: " + std::to_string(body.size()) + "\r\n",
                 body);
}
std::string answer_of(std::string_view body, std::string_view fields = {}) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(fields) + "\r\n" + std::string(body);
}

}  // namespace

TEST_CASE("E9 http1 exchange: requests of one client follow one another") {
  EdgeStage stage(with_http);
  RawPeer client = stage.client(get());
  RawPeer origin = stage.asked();
  origin.send(answer_of("first"));
  REQUIRE(stage.has(client, "first"));
  client.received.clear();
  client.send(get());
  RawPeer next = stage.asked();
  next.send(answer_of("second"));
  REQUIRE(stage.has(client, "second"));
  CHECK(field_of(client.received, "Connection").empty());
  CHECK(stage.idle_clients.size() == 1);
  CHECK(stage.answers(200) == 2);
}

TEST_CASE("J7 http1 exchange: a POST and a GET in one segment are two requests") {
  EdgeStage stage(with_http);
  RawPeer client = stage.client(post("body of the post") + get());
  RawPeer origin = stage.asked();
  REQUIRE(stage.has(origin, "body of the post"));
  CHECK(origin.received.ends_with("\r\n\r\nbody of the post"));
  origin.send(answer_of("first"));
  RawPeer next = stage.asked();
  CHECK(next.received.starts_with("GET /a "));
  next.send(answer_of("second"));
  REQUIRE(stage.has(client, "second"));
  CHECK(client.received.find("first") < client.received.find("second"));
}

TEST_CASE("J5 http1 exchange: a chunked body is framed anew, and its trailers end here") {
  EdgeStage stage(with_http);
  RawPeer client = stage.client(request("POST /a HTTP/1.1", "Transfer-Encoding: chunked\r\n",
                                        "3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: t\r\n\r\n") +
                                get());
  RawPeer origin = stage.asked();
  REQUIRE(stage.has(origin, "0\r\n\r\n"));
  CHECK(body_of(origin.received) == "5\r\nabcde\r\n0\r\n\r\n");
  origin.send(answer_of("first"));
  RawPeer next = stage.asked();
  CHECK(next.received.starts_with("GET /a "));
}

TEST_CASE(
    "J6 http1 exchange: 100 comes when the origin's connection stands, and Expect ends here") {
  EdgeStage stage(with_http);
  RawPeer client =
      stage.client(request("POST /a HTTP/1.1", "Content-Length: 4\r\nExpect: 100-continue\r\n"));
  RawPeer origin = stage.asked();
  REQUIRE(stage.has(client, "HTTP/1.1 100 Continue\r\n\r\n"));
  CHECK(field_of(origin.received, "Expect").empty());
  client.send("body");
  REQUIRE(stage.has(origin, "\r\n\r\nbody"));
  origin.send(answer_of("done"));
  REQUIRE(stage.has(client, "done"));
  CHECK(stage.idle_clients.size() == 1);
}

TEST_CASE("J6 http1 exchange: no 100 without a body, for HTTP/1.0, or for who has not waited") {
  struct Row {
    std::string line;
    std::string fields;
    std::string body;
  };
  for (const Row& row :
       {Row{"GET /a HTTP/1.1", "Expect: 100-continue\r\n", ""},
        Row{"GET /a HTTP/1.1", "Content-Length: 0\r\nExpect: 100-continue\r\n", ""},
        Row{"POST /a HTTP/1.0", "Content-Length: 4\r\nExpect: 100-continue\r\n", "body"},
        Row{"POST /a HTTP/1.1", "Content-Length: 4\r\nExpect: 100-continue\r\n", "body"}}) {
    CAPTURE(row.line);
    CAPTURE(row.fields);
    EdgeStage stage(with_http);
    RawPeer client = stage.client(request(row.line, row.fields, row.body));
    RawPeer origin = stage.asked();
    REQUIRE(stage.has(origin, "\r\n\r\n" + row.body));
    origin.send(answer_of("done"));
    REQUIRE(stage.has(client, "done"));
    CHECK(client.received.find(" 100 ") == std::string::npos);
  }
}

TEST_CASE("J6 http1 exchange: what is refused before the origin hears of it gets no 100") {
  struct Row {
    std::string fields;
    int status;
  };
  for (const Row& row :
       {Row{"Content-Length: 5\r\nExpect: 100-continue\r\n", 413},
        Row{"Content-Length: 1\r\nExpect: tea\r\n", 417},
        Row{"Content-Length: 1\r\nExpect: 100-continue\r\nExpect: 100-continue\r\n", 417}}) {
    CAPTURE(row.fields);
    EdgeStage stage(with_http_and([](auto& http) { http.max_body = 4; }));
    RawPeer client = stage.client(request("POST /a HTTP/1.1", row.fields));
    REQUIRE(stage.answered(client));
    CHECK((status_of(client.received) == row.status || status_of(client.received) == 400));
    CHECK(field_of(client.received, "Connection") == "close");
    CHECK_FALSE(readable(stage.origin.fd()));
  }
}

TEST_CASE(
    "J5 http1 exchange: faulty framing on the way is 400, and the origin's connection is cut") {
  EdgeStage stage(with_http);
  RawPeer client =
      stage.client(request("POST /a HTTP/1.1", "Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n"));
  RawPeer origin = stage.asked();
  REQUIRE(stage.has(origin, "abc"));
  client.send("not a size\r\n" + get());
  CHECK(stage.answered(origin));
  CHECK(origin.received.find("0\r\n\r\n") == std::string::npos);
  REQUIRE(stage.answered(client));
  CHECK(status_of(client.received) == 400);
  CHECK(stage.answers(200) == 0);
}

TEST_CASE("J4 http1 exchange: a chunked body beyond http.max_body is 413 on the way") {
  EdgeStage stage(with_http_and([](auto& http) { http.max_body = 4; }));
  RawPeer client =
      stage.client(request("POST /a HTTP/1.1", "Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n"));
  RawPeer origin = stage.asked();
  REQUIRE(stage.has(origin, "abc"));
  client.send("3\r\ndef\r\n0\r\n\r\n");
  REQUIRE(stage.answered(client));
  CHECK(status_of(client.received) == 413);
  CHECK(body_of(client.received) == "the request body is larger than http.max_body\n");
  CHECK(stage.answered(origin));
  CHECK(origin.received.find("def") == std::string::npos);
}

TEST_CASE("E7 http1 exchange: a 413 is seen by a client that still uploads") {
  EdgeStage stage(with_http_and([](auto& http) { http.max_body = 1000; }));
  RawPeer client = stage.client(request("POST /a HTTP/1.1", "Content-Length: 100000000\r\n"));
  const std::string part(100'000, 'x');
  size_t sent = 0;
  REQUIRE(stage.until([&] {
    sent += client.send(part);
    client.read();
    return sent > 20'000'000;
  }));
  CHECK(status_of(client.received) == 413);
  CHECK(client.ended);
  CHECK(client.error == 0);
  client.close();
  CHECK(stage.until([&] { return stage.clients.size() == 0; }));
}

TEST_CASE("E5 http1 exchange: an origin's early answer reaches a client that still uploads") {
  EdgeStage stage(with_http);
  RawPeer client =
      stage.client(request("POST /a HTTP/1.1", "Content-Length: 100000000\r\n", "begun"));
  RawPeer origin = stage.asked();
  REQUIRE(stage.has(origin, "begun"));
  origin.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno");
  REQUIRE(stage.has(client, "no"));
  CHECK(status_of(client.received) == 401);
  CHECK(field_of(client.received, "Connection") == "close");
  CHECK(stage.answered(origin));
  const std::string part(100'000, 'x');
  size_t sent = 0;
  REQUIRE(stage.until([&] {
    sent += client.send(part);
    client.read();
    return sent > 10'000'000;
  }));
  CHECK(client.error == 0);
}

TEST_CASE("E3 http1 exchange: the origin's framing becomes the client's") {
  struct Row {
    std::string_view version;
    std::string answer;
    std::string_view body;
    bool kept;
  };
  const std::string chunked =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  const std::string until_close = "HTTP/1.1 200 OK\r\n\r\nabc";
  for (const Row& row :
       {Row{"1.1", answer_of("abc"), "abc", true},
        Row{"1.1", chunked, "3\r\nabc\r\n0\r\n\r\n", true},
        Row{"1.1", until_close, "3\r\nabc\r\n0\r\n\r\n", true},
        Row{"1.0", answer_of("abc"), "abc", true}, Row{"1.0", chunked, "abc", false},
        Row{"1.0", until_close, "abc", false}}) {
    CAPTURE(row.version);
    CAPTURE(row.answer);
    EdgeStage stage(with_http);
    RawPeer client = stage.client(
        request("GET /a HTTP/" + std::string(row.version), "Connection: keep-alive\r\n"));
    RawPeer origin = stage.asked();
    origin.send(row.answer);
    if (row.answer == until_close) origin.close();
    if (row.kept) {
      CHECK(stage.until([&] { return stage.idle_clients.size() == 1; }));
      client.read();
    } else {
      REQUIRE(stage.answered(client));
    }
    CHECK(body_of(client.received) == row.body);
    CHECK(client.error == 0);
    CHECK(client.ended == !row.kept);
  }
}

TEST_CASE("E4 http1 exchange: interim answers go to clients of HTTP/1.1 alone") {
  for (const std::string_view version : {"1.1", "1.0"}) {
    EdgeStage stage(with_http);
    RawPeer client = stage.client(request("GET /a HTTP/" + std::string(version)));
    RawPeer origin = stage.asked();
    origin.send("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" + answer_of("done"));
    REQUIRE(stage.has(client, "done"));
    CHECK(client.received.starts_with("HTTP/1.1 103 ") == (version == "1.1"));
  }
}

TEST_CASE("E3 http1 exchange: an answer that is cut is seen to be, whatever frames it") {
  struct Row {
    std::string_view version;
    std::string_view answer;
    bool reset;
  };
  for (const Row& row :
       {Row{"1.1", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", false},
        Row{"1.1", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", false},
        Row{"1.0", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", true}}) {
    CAPTURE(row.version);
    CAPTURE(row.answer);
    EdgeStage stage(with_http);
    RawPeer client = stage.client(request("GET /a HTTP/" + std::string(row.version)));
    RawPeer origin = stage.asked();
    origin.send(row.answer);
    REQUIRE(stage.has(client, "abc"));
    origin.close();
    REQUIRE(stage.answered(client));
    CHECK(client.received.find("0\r\n\r\n") == std::string::npos);
    CHECK((client.error != 0) == row.reset);
  }
}

TEST_CASE("E8 http1 exchange: a client that goes away takes the origin's connection along") {
  for (const bool resets : {false, true}) {
    for (const bool streaming : {false, true}) {
      CAPTURE(resets);
      CAPTURE(streaming);
      AccessFile file;
      EdgeStage stage(with_http, &file.log());
      RawPeer client = stage.client(get());
      RawPeer origin = stage.asked();
      if (streaming) {
        origin.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
        REQUIRE(stage.has(client, "abc"));
      }
      if (resets) {
        client.reset();
      } else {
        client.close();
      }
      CHECK(stage.answered(origin));
      CHECK(stage.until([&] { return stage.clients.size() == 0; }));
    }
  }
}

TEST_CASE("E8 http1 exchange: a client is missed while nobody takes its upload") {
  for (const bool resets : {false, true}) {
    CAPTURE(resets);
    EdgeStage stage(with_http);
    RawPeer client = stage.client(request("PUT /a HTTP/1.1", "Content-Length: 100000000\r\n"));
    RawPeer origin = stage.asked();
    const std::string part(100'000, 'x');
    size_t sent = 0;
    size_t before = 0;
    do {
      before = sent;
      sent += client.send(part);
      stage.stage.settle();
    } while (sent != before);
    if (resets) {
      client.reset();
    } else {
      client.close();
    }
    CHECK(stage.until([&] { return stage.clients.size() == 0; }));
    CHECK(stage.answered(origin));
  }
}

TEST_CASE("E8 http1 exchange: a FIN before the request's end ends the exchange") {
  EdgeStage stage(with_http);
  RawPeer client = stage.client(request("POST /a HTTP/1.1", "Content-Length: 9\r\n", "abc"));
  RawPeer origin = stage.asked();
  REQUIRE(stage.has(origin, "abc"));
  client.shut();
  CHECK(stage.answered(origin));
  CHECK(stage.until([&] { return stage.clients.size() == 0; }));
}

TEST_CASE("E8 http1 exchange: requests that came with the client's FIN are answered") {
  EdgeStage stage(with_http);
  RawPeer client = stage.client(get() + get() + "x");
  client.shut();
  RawPeer origin = stage.asked();
  origin.send(answer_of("first"));
  RawPeer next = stage.asked();
  next.send(answer_of("second"));
  REQUIRE(stage.answered(client));
  CHECK(client.received.find("second") != std::string::npos);
  CHECK(client.error == 0);
}

TEST_CASE(
    "E10 http1 exchange: a body that stops coming is 408, and cuts an answer that has begun") {
  for (const bool answering : {false, true}) {
    CAPTURE(answering);
    EdgeStage stage(with_http);
    RawPeer client = stage.client(request("POST /a HTTP/1.1", "Content-Length: 9\r\n", "abc"));
    RawPeer origin = stage.asked();
    REQUIRE(stage.has(origin, "abc"));
    if (answering) {
      origin.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
      REQUIRE(stage.has(client, "abc"));
    }
    stage.pass(29s);
    CHECK_FALSE(client.ended);
    stage.pass(1100ms);
    REQUIRE(stage.answered(client));
    CHECK(status_of(client.received) == (answering ? 200 : 408));
    if (!answering) {
      CHECK(body_of(client.received) ==
            "no byte of the request body came within http.body_timeout\n");
    }
    CHECK(stage.answered(origin));
  }
}

TEST_CASE("E10 http1 exchange: a client that takes nothing of its answer is cut") {
  EdgeStage stage(with_http);
  stage.send_buffer = 4096;
  stage.receive_buffer = 4096;
  RawPeer client = stage.client(get());
  RawPeer origin = stage.asked();
  const std::string part(100'000, 'x');
  size_t sent = origin.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
  // The origin is paused as soon as the client takes no more.
  size_t before = 0;
  do {
    before = sent;
    sent += origin.send(part);
    stage.stage.settle();
  } while (sent != before);
  CHECK(sent < 20'000'000);
  for (int second = 0; second < 19; ++second) stage.pass(1s);
  CHECK(stage.clients.size() == 1);
  for (int second = 0; second < 3; ++second) stage.pass(1s);
  CHECK(stage.clients.size() == 0);
  CHECK(stage.answered(origin));
  REQUIRE(stage.answered(client));
  CHECK(client.error != 0);
}

TEST_CASE("E9 http1 exchange: a running exchange ends whole in a drain, and is cut at its end") {
  for (const bool in_time : {true, false}) {
    CAPTURE(in_time);
    EdgeStage stage(with_http);
    RawPeer client = stage.client(get());
    RawPeer origin = stage.asked();
    origin.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc");
    REQUIRE(stage.has(client, "abc"));
    stage.context.draining = true;
    stage.clients.at(0).turn_away();
    stage.stage.settle();
    if (in_time) {
      origin.send("def");
      REQUIRE(stage.has(client, "abcdef"));
    } else {
      stage.clients.at(0).abort();
      REQUIRE(stage.answered(client));
      CHECK(client.received.ends_with("abc"));
      CHECK(stage.answered(origin));
    }
  }
}

TEST_CASE("E9 http1 exchange: what a drain's end finds waiting is answered 503") {
  EdgeStage stage(with_http);
  RawPeer client = stage.client(get());
  RawPeer origin = stage.asked();
  stage.context.draining = true;
  stage.clients.at(0).abort();
  REQUIRE(stage.answered(client));
  CHECK(status_of(client.received) == 503);
  CHECK(stage.answered(origin));
}

TEST_CASE(
    "J7 http1 exchange: an upload that is not taken stops the client, and none of it is lost") {
  EdgeStage stage(with_http);
  const std::string body(8'000'000, 'x');
  RawPeer client = stage.client(request("PUT /a HTTP/1.1", "Content-Length: 8000000\r\n"));
  RawPeer origin = stage.asked();
  size_t sent = 0;
  size_t before = 0;
  do {
    before = sent;
    sent += client.send(std::string_view(body).substr(sent));
    stage.stage.settle();
  } while (sent != before);
  REQUIRE(stage.until([&] {
    sent += client.send(std::string_view(body).substr(sent));
    origin.read();
    return body_of(origin.received).size() == body.size();
  }));
  origin.send(answer_of("done"));
  REQUIRE(stage.has(client, "done"));
  CHECK(stage.until([&] { return stage.idle_clients.size() == 1; }));
}
