#include "gateway/origin/answer_reader.h"

#include <string>

#include <doctest/doctest.h>

using gateway::origin::AnswerReader;
using Progress = AnswerReader::Progress;

namespace {

constexpr std::string_view kEarly = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";

// All of it in one piece; what is not taken stays in `text`.
Progress read(AnswerReader& reader, std::string_view& text) {
  proto::Bytes data = proto::bytes_of(text);
  const Progress progress = reader.feed(data);
  text = proto::text_of(data);
  return progress;
}

}  // namespace

TEST_CASE("answer reader: interim answers are passed over, and what follows the head is left") {
  AnswerReader reader({});
  const std::string all = std::string(kEarly) + "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx";
  std::string_view text = all;
  REQUIRE(read(reader, text) == Progress::done);
  CHECK(reader.take().status == 200);
  CHECK(text == "x");
}

TEST_CASE("answer reader: a 101 is final, and what follows it is no HTTP") {
  AnswerReader reader({});
  std::string_view text = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81";
  REQUIRE(read(reader, text) == Progress::done);
  CHECK(reader.take().status == 101);
  CHECK(text.size() == 1);
}

TEST_CASE("answer reader: knows whether a head has begun, byte by byte") {
  AnswerReader reader({});
  CHECK_FALSE(reader.in_a_head());
  for (size_t i = 0; i < kEarly.size(); ++i) {
    std::string_view byte = kEarly.substr(i, 1);
    REQUIRE(read(reader, byte) == Progress::more);
    CHECK(reader.in_a_head() == (i + 1 < kEarly.size()));
  }
}

TEST_CASE("answer reader: no more than eight interim answers") {
  AnswerReader reader({});
  for (int i = 0; i < AnswerReader::kMaxInterim; ++i) {
    std::string_view text = kEarly;
    REQUIRE(read(reader, text) == Progress::more);
  }
  std::string_view text = kEarly;
  CHECK(read(reader, text) == Progress::flooded);
}

TEST_CASE("answer reader: says what is no HTTP, and which limit a head is beyond") {
  AnswerReader nonsense({});
  std::string_view text = "nonsense\r\n\r\n";
  CHECK(read(nonsense, text) == Progress::refused);
  CHECK_FALSE(nonsense.parser().refusal().empty());
  AnswerReader small({.max_head = 20});
  std::string_view large = "HTTP/1.1 200 OK\r\nX: 123456789\r\n\r\n";
  CHECK(read(small, large) == Progress::refused);
  CHECK(small.parser().reached().has_value());
}
