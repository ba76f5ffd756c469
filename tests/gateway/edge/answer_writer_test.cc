#include "gateway/edge/answer_writer.h"

#include <string>

#include <doctest/doctest.h>

#include "tests/support/frames.h"
#include "tests/support/handshakes.h"
#include "tests/support/memory_stream.h"

using namespace tests;
using gateway::edge::AnswerWriter;
using Kind = AnswerWriter::Body::Kind;

namespace {

struct Desk {
  explicit Desk(AnswerWriter::Client client = {}) : writer(client) {}
  std::string written() { return as_text(peer.take_received()); }
  void give(std::string_view octets) { writer.give(*stream, proto::bytes_of(octets)); }
  [[nodiscard]] bool finish() { return writer.finish(*stream); }

  Peer peer;
  std::unique_ptr<gateway::net::Stream> stream = peer.connect();
  AnswerWriter writer;
};

}  // namespace

TEST_CASE("answer writer: head and body of a small answer go out together") {
  Desk desk;
  desk.writer.begin(200, "X-A: b\r\n", {.kind = Kind::length, .length = 2}, true);
  desk.give("o");
  desk.give("k");
  CHECK(desk.written().empty());
  CHECK(desk.writer.holds());
  CHECK(desk.finish());
  const std::string_view whole = "HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 2\r\n\r\nok";
  CHECK(desk.written() == whole);
  CHECK(desk.writer.keeps());
  CHECK(desk.writer.written() == whole.size());
}

TEST_CASE("answer writer: a body without a length becomes one chunk for each read") {
  Desk desk;
  desk.writer.begin(200, {}, {.kind = Kind::unknown}, true);
  desk.give("abc");
  desk.writer.flush(*desk.stream);
  CHECK(desk.written() == "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  desk.give("");
  const std::string large(100'000, 'x');
  desk.give(large);
  CHECK(desk.written() == "186a0\r\n" + large + "\r\n");
  CHECK(desk.finish());
  CHECK(desk.written() == "0\r\n\r\n");
}

TEST_CASE("J3 answer writer: HTTP/1.0 gets no chunks, and is kept only behind a length") {
  Desk unknown({.minor_version = 0});
  unknown.writer.begin(200, {}, {.kind = Kind::unknown}, true);
  unknown.give("abc");
  CHECK(unknown.finish());
  CHECK(unknown.written() == "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc");
  CHECK(unknown.writer.ends_with_connection());
  CHECK_FALSE(unknown.writer.keeps());

  Desk known({.minor_version = 0});
  known.writer.begin(200, {}, {.kind = Kind::length, .length = 3}, true);
  known.give("abc");
  CHECK(known.finish());
  CHECK(known.written() ==
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\nabc");
  CHECK(known.writer.keeps());
}

TEST_CASE("E3 answer writer: to HEAD, and with 304, a length is announced and nothing follows") {
  for (const bool to_head : {true, false}) {
    Desk desk({.to_head = to_head});
    desk.writer.begin(to_head ? 200 : 304, {}, {.kind = Kind::none, .length = 7}, true);
    desk.give("more than a head");
    CHECK(desk.finish());
    CHECK(body_of(desk.written()).empty());
    CHECK(desk.writer.keeps());
  }
  Desk unknown({.to_head = true});
  unknown.writer.begin(200, {}, {.kind = Kind::unknown}, true);
  CHECK(unknown.finish());
  CHECK(unknown.written() == "HTTP/1.1 200 OK\r\n\r\n");
}

TEST_CASE("answer writer: less than the length is no end") {
  Desk desk;
  desk.writer.begin(200, {}, {.kind = Kind::length, .length = 3}, true);
  desk.give("ab");
  CHECK_FALSE(desk.finish());
}

TEST_CASE("answer writer: what closes is said as long as the head has not gone") {
  for (const int minor_version : {0, 1}) {
    CAPTURE(minor_version);
    Desk held({.minor_version = minor_version});
    held.writer.begin(200, {}, {.kind = Kind::length, .length = 1}, true);
    held.give("a");
    held.writer.close_behind();
    CHECK(held.writer.held_head()->size ==
          std::string_view("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n")
              .size());
    CHECK(held.finish());
    CHECK(held.written() == "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\na");
    CHECK_FALSE(held.writer.keeps());

    Desk gone({.minor_version = minor_version});
    gone.writer.begin(200, {}, {.kind = Kind::length, .length = 1}, true);
    gone.writer.flush(*gone.stream);
    CHECK_FALSE(gone.writer.held_head());
    gone.writer.close_behind();
    CHECK_FALSE(gone.writer.keeps());
    gone.give("a");
    CHECK(gone.finish());
    CHECK(gone.written().ends_with("\r\n\r\na"));
  }
}
