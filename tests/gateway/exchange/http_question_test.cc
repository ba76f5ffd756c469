#include "gateway/exchange/http_question.h"

#include <string>

#include <doctest/doctest.h>

#include "proto/http1/head_parser.h"
#include "proto/http1/target.h"

using namespace gateway::exchange;
using namespace std::chrono_literals;
using gateway::origin::Unanswered;
using gateway::origin::Verdict;
using gateway::outcome::Cause;

namespace {

struct Nobody final : HttpQuestion::Handler {
  void on_asked(gateway::origin::RequestSink&) override {}
  void on_sink_drained() override {}
  void on_asked_in_vain() override {}
  void on_interim(const proto::http1::ResponseHead&) override {}
  void on_part_of_head() override {}
  void on_answer(gateway::origin::Taken) override {}
  void on_unanswered(gateway::outcome::Failure) override {}
};

struct Asking {
  explicit Asking(const std::string& text) {
    proto::http1::RequestParser parser({});
    REQUIRE(parser.feed(proto::bytes_of(text)).progress == proto::http1::Progress::complete);
    head = parser.take();
    target = *proto::http1::request_target(head);
  }
  HttpQuestion question() {
    const HttpQuestion::Asks asks{.request = asked,
                                  .body = proto::http1::request_body(head),
                                  .origin = origin,
                                  .http = http,
                                  .via = "weir"};
    return {asks, 0ms, upload, nobody};
  }
  std::string sent(const gateway::origin::Asking& asking) {
    return question().request_text(asking);
  }
  Verdict judged(int status) {
    proto::http1::ResponseParser parser({});
    const std::string text = "HTTP/1.1 " + std::to_string(status) + " X\r\n\r\n";
    REQUIRE(parser.feed(proto::bytes_of(text)).progress == proto::http1::Progress::complete);
    return *question().judge(parser.take());
  }

  proto::http1::RequestHead head;
  proto::http1::Target target;
  gateway::origin::Asked asked{.head = head,
                               .target = target,
                               .client = *gateway::net::Address::parse("203.0.113.7", 1),
                               .server = *gateway::net::Address::parse("192.0.2.1", 80)};
  gateway::config::Origin origin;
  gateway::config::Http http;
  Upload upload{{}, true};
  Nobody nobody;
};

constexpr gateway::origin::Asking kOrigin{.host = "origin.example", .path_and_query = "/a?b"};

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("http question: what a client says goes on in its order and spelling") {
  Asking asking(
      "PROPFIND /a?b HTTP/1.0\r\nHost: shop.example.com\r\nx-ONE: 1\r\nCookie: a\r\nCookie: b\r\n"
      "Via: 1.0 p\r\n\r\n");
  const std::string text = asking.sent(kOrigin);
  CHECK(text.starts_with(
      "PROPFIND /a?b HTTP/1.1\r\nHost: origin.example\r\nx-ONE: 1\r\nCookie: a\r\nCookie: b\r\n"
      "Via: 1.0 p\r\n"));
  CHECK(has(text, "\r\nVia: 1.1 weir\r\n"));
  CHECK(has(text, "\r\nX-Forwarded-For: 203.0.113.7\r\n"));
  CHECK(text.ends_with("Connection: keep-alive\r\n\r\n"));
}

TEST_CASE("http question: hop-by-hop fields, Expect and what others claim stay behind") {
  Asking asking(
      "POST /a HTTP/1.1\r\nHost: shop.example.com\r\nContent-Length: 3\r\nConnection: close, "
      "X-Hop\r\n"
      "X-Hop: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\nUpgrade: h2c\r\nHTTP2-Settings: AAAA\r\n"
      "Expect: 100-continue\r\nX-Forwarded-For: 1.2.3.4\r\nForwarded: for=1.2.3.4\r\n"
      "X-Real-IP: 1.2.3.4\r\nProxy-Authorization: Basic x\r\n\r\n");
  const std::string text = asking.sent(kOrigin);
  for (const char* gone : {"X-Hop", "Keep-Alive:", "TE:", "Upgrade", "HTTP2", "Expect", "1.2.3.4",
                           "Proxy-", "close"}) {
    CAPTURE(gone);
    CHECK_FALSE(has(text, gone));
  }
}

TEST_CASE("http question: the body is framed once, as its client framed it") {
  Asking none("GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n");
  CHECK_FALSE(has(none.sent(kOrigin), "Content-Length"));
  CHECK_FALSE(has(none.sent(kOrigin), "Transfer-Encoding"));
  Asking length("POST /a HTTP/1.1\r\nHost: a.example\r\nContent-Length: 012\r\n\r\n");
  CHECK(has(length.sent(kOrigin), "\r\nContent-Length: 12\r\n"));
  Asking chunked("POST /a HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: Chunked\r\n\r\n");
  CHECK(has(chunked.sent(kOrigin), "\r\nTransfer-Encoding: chunked\r\n"));
  CHECK_FALSE(has(chunked.sent(kOrigin), "Chunked"));
}

TEST_CASE("http question: credentials of the pool stand in place of the client's") {
  Asking asking("GET /a HTTP/1.1\r\nHost: a.example\r\nAuthorization: theirs\r\n\r\n");
  CHECK(has(asking.sent(kOrigin), "Authorization: theirs\r\n"));
  gateway::origin::Asking ours = kOrigin;
  ours.credentials_are_ours = true;
  CHECK_FALSE(has(asking.sent(ours), "Authorization"));
  ours.authorization = "ours";
  CHECK(has(asking.sent(ours), "Authorization: ours\r\n"));
  CHECK_FALSE(has(asking.sent(ours), "theirs"));
}

TEST_CASE(
    "http question: every final answer is taken, but for a challenge to credentials of ours") {
  Asking asking("GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n");
  for (const int status : {200, 204, 302, 304, 401, 404, 426, 500, 502, 503, 504, 599}) {
    CAPTURE(status);
    CHECK(asking.judged(status) == Verdict::taken);
  }
  asking.origin.auth.emplace();
  CHECK(asking.judged(401) == Verdict::challenge);
  asking.http.retry.on_504 = true;
  CHECK(asking.judged(504) == Verdict::yielding);
  CHECK(asking.judged(503) == Verdict::taken);
}

TEST_CASE("http question: what may be repeated, by what happened and by method") {
  for (const char* method : {"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "POST", "PATCH", "LOCK"}) {
    CAPTURE(method);
    Asking asking(std::string(method) + " /a HTTP/1.1\r\nHost: a.example\r\n\r\n");
    asking.http.retry = {.connect = true, .stale = true, .no_answer = true};
    const HttpQuestion question = asking.question();
    const bool idempotent =
        std::string_view("GET HEAD OPTIONS PUT DELETE").find(method) != std::string_view::npos;
    CHECK(question.may_be_repeated(Unanswered::unconnected));
    CHECK(question.may_be_repeated(Unanswered::stale) == idempotent);
    CHECK(question.may_be_repeated(Unanswered::ended) == idempotent);
    CHECK(question.may_be_repeated(Unanswered::lost) == idempotent);
    CHECK_FALSE(question.may_be_repeated(Unanswered::late));
    CHECK_FALSE(question.may_be_repeated(Unanswered::no_answer));
    asking.http.retry = {.connect = false, .stale = false, .no_answer = false};
    for (const auto why : {Unanswered::unconnected, Unanswered::stale, Unanswered::ended})
      CHECK_FALSE(asking.question().may_be_repeated(why));
  }
}

TEST_CASE("http question: only connecting, TLS and silence are held against a server") {
  Asking asking("GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n");
  const HttpQuestion question = asking.question();
  CHECK(question.is_held_against_server(Unanswered::unconnected));
  CHECK(question.is_held_against_server(Unanswered::ended));
  CHECK(question.is_held_against_server(Unanswered::lost));
  CHECK_FALSE(question.is_held_against_server(Unanswered::stale));
  CHECK_FALSE(question.is_held_against_server(Unanswered::late));
  CHECK_FALSE(question.is_held_against_server(Unanswered::no_answer));
}
