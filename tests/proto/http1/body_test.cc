#include "proto/http1/body.h"

#include <optional>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include "proto/http1/head_parser.h"
#include "tests/support/cuts.h"

using namespace tests;
using proto::http1::BodyReader;
using State = BodyReader::State;

namespace {

proto::http1::ResponseHead answer_with(std::string_view fields, int status = 403) {
  const std::string text =
      "HTTP/1.1 " + std::to_string(status) + " Reason\r\n" + std::string(fields) + "\r\n";
  proto::http1::ResponseParser parser({});
  REQUIRE(parser.feed(proto::bytes_of(text)).progress == proto::http1::Progress::complete);
  return parser.take();
}

// What every cut of `wire` comes to; the connection ends after it when `ends`.
struct Outcome {
  State state = State::more;
  std::string body;
  bool operator==(const Outcome&) const = default;
};
Outcome outcome_of(const proto::http1::ResponseHead& head, std::string_view wire, bool ends,
                   size_t max_kept = 65536) {
  std::optional<Outcome> found;
  for_each_cut(proto::bytes_of(wire), [&](const Pieces& pieces) {
    BodyReader reader(head, max_kept);
    State state = reader.feed({});
    for (const proto::Bytes piece : pieces) state = reader.feed(piece);
    if (ends) state = reader.end();
    const Outcome outcome{state, reader.body()};
    if (!found) found = outcome;
    REQUIRE(outcome.state == found->state);
    REQUIRE(outcome.body == found->body);
  });
  return *found;
}

}  // namespace

TEST_CASE("body: by length ends with its last octet, whatever follows") {
  const auto head = answer_with("Content-Length: 5\r\n");
  CHECK(outcome_of(head, "hell", false) == Outcome{State::more, "hell"});
  CHECK(outcome_of(head, "hello", false) == Outcome{State::complete, "hello"});
  CHECK(outcome_of(head, "helloHTTP/1.1 200 OK", false) == Outcome{State::complete, "hello"});
}

TEST_CASE("body: of no length is complete before an octet has come") {
  const auto none = answer_with("Content-Length: 0\r\n");
  BodyReader reader(none, 100);
  CHECK(reader.feed({}) == State::complete);
  CHECK(reader.body().empty());
  for (const int status : {204, 304}) {
    CAPTURE(status);
    const auto head = answer_with("", status);
    BodyReader bodiless(head, 100);
    CHECK(bodiless.feed({}) == State::complete);
  }
}

TEST_CASE("FX8 body: a status that has none has none, whatever the fields announce") {
  for (const int status : {100, 103, 199, 204, 304}) {
    for (const std::string_view fields :
         {"Content-Length: 100\r\n", "Transfer-Encoding: chunked\r\n", "Content-Length: 0\r\n"}) {
      CAPTURE(status);
      CAPTURE(fields);
      const auto head = answer_with(fields, status);
      BodyReader bodiless(head, 100);
      CHECK(bodiless.feed({}) == State::complete);
      CHECK(bodiless.feed(proto::bytes_of("5\r\nstray")) == State::complete);
      CHECK(bodiless.end() == State::complete);
      CHECK(bodiless.body().empty());
    }
  }
  // 205 announces its end as any other answer does (RFC 9110 §15.3.6).
  BodyReader reset(answer_with("Content-Length: 1\r\n", 205), 100);
  CHECK(reset.feed({}) == State::more);
}

TEST_CASE("body: chunks are joined; extensions and trailers are read over") {
  const auto head = answer_with("Transfer-Encoding: chunked\r\n");
  const std::string_view whole = "5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nX-Sum: 1\r\n\r\n";
  CHECK(outcome_of(head, whole, false) == Outcome{State::complete, "hello!"});
  CHECK(outcome_of(head, whole.substr(0, whole.size() - 2), false) ==
        Outcome{State::more, "hello!"});
}

TEST_CASE("body: malformed chunks are broken, and stay so") {
  const auto head = answer_with("Transfer-Encoding: chunked\r\n");
  for (const std::string_view wire : {"x\r\n", "-1\r\n", "fffffffffffffffff\r\n", "\r\n"}) {
    CAPTURE(wire);
    CHECK(outcome_of(head, wire, false).state == State::broken);
    CHECK(outcome_of(head, wire, true).state == State::broken);
  }
  BodyReader reader(head, 100);
  CHECK(reader.feed(proto::bytes_of("x\r\n")) == State::broken);
  CHECK(reader.feed(proto::bytes_of("0\r\n\r\n")) == State::broken);
}

TEST_CASE("body: without length or chunks it ends with the connection") {
  const auto head = answer_with("");
  CHECK(outcome_of(head, "some", false) == Outcome{State::more, "some"});
  CHECK(outcome_of(head, "some", true) == Outcome{State::complete, "some"});
  BodyReader nothing(head, 100);
  CHECK(nothing.end() == State::complete);
  CHECK(nothing.body().empty());
}

TEST_CASE("body: one that the connection cut short is broken") {
  CHECK(outcome_of(answer_with("Content-Length: 5\r\n"), "hell", true).state == State::broken);
  const auto chunked = answer_with("Transfer-Encoding: chunked\r\n");
  CHECK(outcome_of(chunked, "5\r\nhello\r\n", true).state == State::broken);
  CHECK(outcome_of(chunked, "5\r\nhel", true).state == State::broken);
}

TEST_CASE("body: what is kept is cut at the limit, and full() says that more is of no use") {
  const auto by_length = answer_with("Content-Length: 20\r\n");
  BodyReader reader(by_length, 8);
  CHECK(reader.feed(proto::bytes_of("0123456")) == State::more);
  CHECK_FALSE(reader.full());
  CHECK(reader.feed(proto::bytes_of("789")) == State::more);
  CHECK(reader.full());
  CHECK(reader.body() == "01234567");
  CHECK(reader.feed(proto::bytes_of("abcdefghij")) == State::complete);
  CHECK(reader.body() == "01234567");
  const auto chunked = answer_with("Transfer-Encoding: chunked\r\n");
  CHECK(outcome_of(chunked, "5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n", false, 8) ==
        Outcome{State::complete, "hellowor"});
}

TEST_CASE("body: a reader that was moved reads on") {
  const auto head = answer_with("Content-Length: 5\r\n");
  BodyReader first(head, 100);
  CHECK(first.feed(proto::bytes_of("he")) == State::more);
  BodyReader second(std::move(first));
  CHECK(second.feed(proto::bytes_of("llo")) == State::complete);
  CHECK(second.body() == "hello");
}

TEST_CASE("body: framing without end is broken long before it costs much") {
  const auto chunked = answer_with("Transfer-Encoding: chunked\r\n");
  const auto fed_for_ever = [&](std::string_view begin, std::string_view again) {
    BodyReader reader(chunked, 100);
    State state = reader.feed(proto::bytes_of(begin));
    size_t fed = begin.size();
    while (state == State::more && fed < size_t{32} * 1024) {
      state = reader.feed(proto::bytes_of(again));
      fed += again.size();
    }
    return state;
  };
  CHECK(fed_for_ever("1;", "x") == State::broken);
  CHECK(fed_for_ever("0\r\nX: ", "x") == State::broken);
  CHECK(fed_for_ever("0\r\n", "X: y\r\n") == State::broken);
  CHECK(fed_for_ever("", "1;" + std::string(200, 'x') + "\r\ny\r\n") == State::broken);
}

TEST_CASE("body: chunks of a single octet are no such framing") {
  const auto chunked = answer_with("Transfer-Encoding: chunked\r\n");
  BodyReader reader(chunked, 100);
  for (size_t octet = 0; octet < 100; ++octet)
    CHECK(reader.feed(proto::bytes_of("1\r\nx\r\n")) == State::more);
  CHECK(reader.full());
}
