#include "gateway/edge/request_body.h"

#include <string>

#include <doctest/doctest.h>

#include "proto/http1/head_parser.h"
#include "tests/support/memory_carrier.h"

using namespace tests;
using gateway::edge::RequestBody;

namespace {

proto::http1::RequestHead post_head(std::string_view fields, std::string_view version = "1.1") {
  proto::http1::RequestParser parser({});
  const std::string text = "POST / HTTP/" + std::string(version) +
                           "\r\nHost: chat.example.com\r\n" + std::string(fields) + "\r\n";
  REQUIRE(parser.feed(proto::bytes_of(text)).progress == proto::http1::Progress::complete);
  return parser.take();
}

}  // namespace

TEST_CASE("request body: is held until it is accepted, and whole at its end") {
  const auto head = post_head("Content-Length: 5\r\n");
  RequestBody body(head);
  CHECK(body.is_held());
  CHECK_FALSE(body.is_exceeded_by(5));
  CHECK(body.is_exceeded_by(6));
  body.accept();
  CHECK(body.is_coming());
  CHECK(body.octets_ahead() == 5);
  std::string joined;
  const auto part = body.take(proto::bytes_of("helloGET /"), std::nullopt, joined);
  CHECK(proto::text_of(part.octets) == "hello");
  CHECK(part.consumed == 5);
  CHECK(body.is_whole());
}

TEST_CASE("request body: a request without one is whole from the beginning") {
  for (const std::string_view fields : {"", "Content-Length: 0\r\n"}) {
    const auto head = post_head(fields);
    RequestBody body(head);
    CHECK(body.is_whole());
    CHECK_FALSE(body.is_held());
  }
}

TEST_CASE("J5 request body: faulty framing is the client's, and 400") {
  const auto head = post_head("Transfer-Encoding: chunked\r\n");
  RequestBody body(head);
  body.accept();
  std::string joined;
  const auto part = body.take(proto::bytes_of("3\r\nabc\r\nx\r\n"), std::nullopt, joined);
  CHECK(part.octets.empty());
  CHECK(body.is_broken());
  CHECK(body.failure().status == 400);
  CHECK(body.failure().cause == gateway::outcome::Cause::bad_request);
}

TEST_CASE("J4 request body: beyond http.max_body it is broken on the way, and 413") {
  const auto head = post_head("Transfer-Encoding: chunked\r\n");
  RequestBody body(head);
  body.accept();
  std::string joined;
  CHECK(proto::text_of(body.take(proto::bytes_of("3\r\nabc\r\n"), 3, joined).octets) == "abc");
  CHECK(body.is_coming());
  CHECK(body.take(proto::bytes_of("1\r\nd\r\n"), 3, joined).octets.empty());
  CHECK(body.is_broken());
  CHECK(body.failure().status == 413);
  CHECK(body.failure().cause == gateway::outcome::Cause::body_too_large);
}

TEST_CASE("J6 request body: only a client of HTTP/1.1 that says so waits for a 100") {
  CHECK(RequestBody(post_head("Content-Length: 1\r\nExpect: 100-Continue\r\n")).is_awaited());
  CHECK_FALSE(RequestBody(post_head("Content-Length: 1\r\n")).is_awaited());
  CHECK_FALSE(
      RequestBody(post_head("Content-Length: 1\r\nExpect: 100-continue\r\n", "1.0")).is_awaited());
}

TEST_CASE("J4 J6 request body: what is judged before a byte of it is read") {
  struct Row {
    std::string_view fields;
    int status;  // 0: it may come
  };
  Peer client;
  WorkerScene scene;
  scene.use(
      std::string("  - domain: chat.example.com\n    http: { enabled: true, max_body: 4 }\n"
                  "    origin: { builtin: echo }\n"));
  MemoryCarrier carrier(scene, client);
  carrier.ask("GET / HTTP/1.1\r\nHost: chat.example.com\r\n\r\n");
  REQUIRE(carrier.request->route != nullptr);
  for (const Row& row :
       {Row{"", 0}, Row{"Content-Length: 4\r\n", 0}, Row{"Content-Length: 5\r\n", 413},
        Row{"Transfer-Encoding: chunked\r\n", 0}, Row{"Expect: 100-continue\r\n", 0},
        Row{"Content-Length: 1\r\nExpect: 100-continue\r\n", 0},
        Row{"Content-Length: 1\r\nExpect: tea\r\n", 417},
        Row{"Expect: 100-continue, tea\r\n", 417}}) {
    CAPTURE(row.fields);
    carrier.request->head = post_head(row.fields);
    const auto refusal = gateway::edge::judge_body(*carrier.request);
    CHECK((refusal ? refusal->status : 0) == row.status);
  }
}
