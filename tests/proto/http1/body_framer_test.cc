#include "proto/http1/body_framer.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "proto/http1/head_parser.h"
#include "tests/support/cuts.h"

using namespace tests;
using proto::bytes_of;
using proto::text_of;
using proto::http1::answer_body;
using proto::http1::BodyDecoder;
using proto::http1::BodyFraming;
using Kind = BodyFraming::Kind;
using Progress = BodyDecoder::Progress;

namespace {

constexpr BodyFraming kChunked{Kind::chunked};
constexpr BodyFraming kUntilClose{Kind::until_close};

BodyFraming of_request(std::string_view fields, std::string_view method = "POST") {
  proto::http1::RequestParser parser({});
  const std::string text =
      std::string(method) + " / HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n";
  REQUIRE(parser.feed(bytes_of(text)).progress == proto::http1::Progress::complete);
  return proto::http1::request_body(parser.take());
}

BodyFraming of_answer(int status, std::string_view fields, bool to_head = false) {
  proto::http1::ResponseParser parser({});
  const std::string text =
      "HTTP/1.1 " + std::to_string(status) + " Reason\r\n" + std::string(fields) + "\r\n";
  REQUIRE(parser.feed(bytes_of(text)).progress == proto::http1::Progress::complete);
  return answer_body(parser.take(), to_head);
}

struct Found {
  Progress progress = Progress::more;
  std::string octets;
  size_t consumed = 0;
  std::string why;
  bool operator==(const Found&) const = default;
};

Found decode(const BodyFraming& framing, const Pieces& pieces, bool ends) {
  BodyDecoder decoder(framing);
  Found found;
  found.progress = decoder.progress();
  std::string joined;
  for (const proto::Bytes piece : pieces) {
    const auto decoded = decode_read(decoder, piece, joined);
    REQUIRE(decoded.consumed <= piece.size());
    REQUIRE((decoded.progress != Progress::more || decoded.consumed == piece.size()));
    found.progress = decoded.progress;
    found.consumed += decoded.consumed;
    found.octets += text_of(decoded.octets);
  }
  if (ends) found.progress = decoder.end();
  REQUIRE(found.progress == decoder.progress());
  REQUIRE(decoder.octets() == found.octets.size());
  found.why = decoder.why();
  return found;
}

// The same under every cut.
Found found_in(const BodyFraming& framing, std::string_view wire, bool ends = false) {
  std::optional<Found> first;
  for_each_cut(bytes_of(wire), [&](const Pieces& pieces) {
    const Found found = decode(framing, pieces, ends);
    if (!first) first = found;
    REQUIRE(found == *first);
  });
  return *first;
}

std::string why_broken(std::string_view wire) {
  const Found found = found_in(kChunked, wire);
  return found.progress == Progress::broken ? found.why : "not broken";
}

bool is_whole(std::string_view wire) {
  return found_in(kChunked, wire) == Found{Progress::complete, "hello", wire.size(), ""};
}

std::string fields(size_t count, size_t size) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += "X: " + std::string(size - 5, 'v') + "\r\n";
  return text;
}

}  // namespace

TEST_CASE("J4 body framer: a request has the body that its head announces, or none") {
  CHECK(of_request("") == BodyFraming{});
  CHECK(of_request("Content-Length: 0\r\n") == BodyFraming{Kind::length, 0});
  CHECK(of_request("content-length: 12\r\n") == BodyFraming{Kind::length, 12});
  CHECK(of_request("Content-Length: 9223372036854775807\r\n") ==
        BodyFraming{Kind::length, 9223372036854775807U});
  CHECK(of_request("Transfer-Encoding: Chunked\r\n") == kChunked);
  for (const std::string_view method : {"GET", "HEAD", "DELETE", "OPTIONS"}) {
    CAPTURE(method);
    CHECK(of_request("Content-Length: 3\r\n", method) == BodyFraming{Kind::length, 3});
    CHECK(of_request("Transfer-Encoding: chunked\r\n", method) == kChunked);
  }
}

TEST_CASE(
    "E3 body framer: to HEAD, and with 1xx, 204 and 304, there is no body whatever fields say") {
  for (const std::string_view text :
       {"", "Content-Length: 100\r\n", "Transfer-Encoding: chunked\r\n"}) {
    CAPTURE(text);
    for (const int status : {100, 101, 102, 103, 199, 204, 304})
      CHECK(of_answer(status, text) == BodyFraming{});
    for (const int status : {200, 205, 404, 500})
      CHECK(of_answer(status, text, true) == BodyFraming{});
  }
}

TEST_CASE("E3 body framer: other answers are chunked, by length, or end with the connection") {
  for (const int status : {200, 205, 206, 303, 401, 502}) {
    CAPTURE(status);
    CHECK(of_answer(status, "Transfer-Encoding: chunked\r\n") == kChunked);
    CHECK(of_answer(status, "Content-Length: 7\r\n") == BodyFraming{Kind::length, 7});
    CHECK(of_answer(status, "Content-Length: 0\r\n") == BodyFraming{Kind::length, 0});
    CHECK(of_answer(status, "") == kUntilClose);
  }
}

TEST_CASE("body framer: a body without octets is complete at once and takes nothing") {
  for (const BodyFraming& framing : {BodyFraming{}, BodyFraming{Kind::length, 0}}) {
    CHECK_FALSE(framing.has_body());
    BodyDecoder decoder(framing);
    CHECK(decoder.progress() == Progress::complete);
    CHECK(decoder.end() == Progress::complete);
    CHECK(found_in(framing, "GET / HTTP/1.1\r\n") == Found{Progress::complete, "", 0, ""});
  }
  CHECK(kChunked.has_body());
  CHECK(kUntilClose.has_body());
}

TEST_CASE("body framer: a body by length passes octet for octet and leaves what stands behind it") {
  const BodyFraming five{Kind::length, 5};
  CHECK(found_in(five, "hell") == Found{Progress::more, "hell", 4, ""});
  CHECK(found_in(five, "hello") == Found{Progress::complete, "hello", 5, ""});
  CHECK(found_in(five, "helloGET / HTTP/1.1\r\n") == Found{Progress::complete, "hello", 5, ""});
  CHECK(found_in(five, "hell", true).progress == Progress::broken);
  CHECK(found_in(five, "hell", true).why == "the body was cut short");
  CHECK(found_in(five, "hello", true).progress == Progress::complete);
}

TEST_CASE("body framer: a body that ends with the connection is whole with its end alone") {
  CHECK(found_in(kUntilClose, "some") == Found{Progress::more, "some", 4, ""});
  CHECK(found_in(kUntilClose, "some", true) == Found{Progress::complete, "some", 4, ""});
  BodyDecoder nothing(kUntilClose);
  CHECK(nothing.end() == Progress::complete);
}

TEST_CASE("J5 body framer: chunks lose their framing, extensions and trailers") {
  CHECK(is_whole("5\r\nhello\r\n0\r\n\r\n"));
  CHECK(is_whole("2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"));
  CHECK(is_whole("00000005\r\nhello\r\n000\r\n\r\n"));
  CHECK(is_whole("5;a=b;c=\"d e\"\t\r\nhello\r\n0;last\r\n\r\n"));
  CHECK(is_whole("5\r\nhello\r\n0\r\nX-Sum: 1\r\nServer-Timing: a\r\n\r\n"));
  const Found glued = found_in(kChunked, "1\r\nx\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n");
  CHECK(glued == Found{Progress::complete, "x", 11, ""});
  const std::string sixteen(16, 'x');
  CHECK(found_in(kChunked, "10\r\n" + sixteen + "\r\n0\r\n\r\n").octets == sixteen);
  CHECK(found_in(kChunked, "0aB\r\n" + std::string(171, 'y') + "\r\n").octets.size() == 171);
}

TEST_CASE("J5 body framer: a body of chunks that the connection ends is cut, wherever it ends") {
  const std::string_view whole = "5;x\r\nhello\r\n0\r\nX: y\r\n\r\n";
  for (size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    const Found found = found_in(kChunked, whole.substr(0, size), true);
    CHECK(found.progress == Progress::broken);
    CHECK(found.why == "the body was cut short");
  }
}

TEST_CASE("J5 body framer: a chunk size is 1 to 16 hexadecimal digits, at most 2^63-1") {
  const std::string_view not_hex = "a chunk size that is not a hexadecimal number";
  CHECK(why_broken("\r\n") == "a chunk without a size");
  CHECK(why_broken(";x\r\n") == "a chunk without a size");
  CHECK(why_broken("-1\r\n") == "a chunk without a size");
  CHECK(why_broken("+1\r\n") == "a chunk without a size");
  CHECK(why_broken(" 1\r\n") == "a chunk without a size");
  CHECK(why_broken("0x1\r\n") == not_hex);
  CHECK(why_broken("1g\r\n") == not_hex);
  CHECK(why_broken("1 \r\n") == not_hex);
  CHECK(why_broken("1 ;x\r\n") == not_hex);
  CHECK(why_broken("1\t\r\n") == not_hex);
  CHECK(why_broken("5,5\r\n") == not_hex);
  CHECK(why_broken(std::string("1\0", 2)) == not_hex);
  CHECK(why_broken("00000000000000001\r\n") == "a chunk size of more than 16 digits");
  CHECK(why_broken("8000000000000000\r\n") == "a chunk size that is too large");
  CHECK(why_broken("ffffffffffffffff\r\n") == "a chunk size that is too large");
  CHECK(found_in(kChunked, "7fffffffffffffff\r\nx") == Found{Progress::more, "x", 19, ""});
  CHECK(found_in(kChunked, "0000000000000001\r\nx").octets == "x");
}

TEST_CASE("J5 body framer: lines end in CR LF alone") {
  CHECK(why_broken("5\nhello\r\n") == "a LF without CR behind a chunk size");
  CHECK(why_broken("5\rhello\r\n") == "a CR without LF behind a chunk size");
  CHECK(why_broken("5\r\rhello\r\n") == "a CR without LF behind a chunk size");
  CHECK(why_broken("5;x\nhello") == "a chunk extension that is not printable ASCII");
  CHECK(why_broken("5;x\r;\nhello") == "a CR without LF behind a chunk size");
  CHECK(why_broken("5\r\nhello\n0\r\n") == "more octets than the chunk size says");
  CHECK(why_broken("5\r\nhello\r0\r\n") == "a CR without LF behind a chunk");
  CHECK(why_broken("5\r\nhello!\r\n") == "more octets than the chunk size says");
  const std::string_view trailer = "a line end in the trailers that is not CR LF";
  CHECK(why_broken("0\r\n\n") == trailer);
  CHECK(why_broken("0\r\n\r0") == trailer);
  CHECK(why_broken("0\r\nX: y\n\r\n") == trailer);
  CHECK(why_broken("0\r\nX: y\r\r\n") == trailer);
}

TEST_CASE("J5 body framer: an extension is at most 256 octets of printable ASCII and tab") {
  CHECK(is_whole("5;" + std::string(255, 'x') + "\r\nhello\r\n0\r\n\r\n"));
  CHECK(why_broken("5;" + std::string(256, 'x')) == "a chunk extension that is too long");
  for (const char octet : {'\0', '\x01', '\x7f', '\x80', '\xff', '\n'}) {
    CAPTURE(static_cast<int>(octet));
    CHECK(why_broken(std::string("5;a") + octet) ==
          "a chunk extension that is not printable ASCII");
  }
}

TEST_CASE("J5 body framer: trailers are fields, at most 32 and 8 KiB, and say nothing of framing") {
  const std::string end = "0\r\n";
  CHECK(found_in(kChunked, end + fields(32, 6) + "\r\n").progress == Progress::complete);
  CHECK(why_broken(end + fields(33, 6)) == "too many trailers");
  const std::string body = "1000\r\n" + std::string(4096, 'x') + "\r\n";
  const auto trailers = [&](size_t size) {
    const std::string wire = body + end + fields(1, size - 2) + "\r\n";
    const proto::Bytes piece = bytes_of(wire);
    return decode(kChunked, {piece}, false);
  };
  CHECK(trailers(8192).progress == Progress::complete);
  CHECK(trailers(8193).why == "the trailers are too large");
  for (const std::string_view line : {"X y", ": y", "X : y", " X: y", "X\xc3: y"}) {
    CAPTURE(line);
    CHECK(why_broken(end + std::string(line) + "\r\n\r\n") == "trailers that are no fields");
  }
  CHECK(why_broken(end + std::string("X: a\0b\r\n\r\n", 10)) ==
        "a control character in the trailers");
  CHECK(why_broken(end + "X: y\r\n z\r\n\r\n") == "trailers that are no fields");
  for (const std::string_view name : {"Content-Length", "transfer-encoding", "Host"}) {
    CAPTURE(name);
    CHECK(why_broken(end + std::string(name) + ": 1\r\n\r\n") ==
          "a trailer that says where a message ends or who it is for");
  }
}

TEST_CASE("J5 body framer: framing octets are at most eight for each of the body and 16 KiB") {
  // Fifteen octets of framing for one of the body, 13 of them before it.
  const std::string dear = "1;aaaaaaaaa\r\nx\r\n";
  REQUIRE(dear.size() == 16);
  BodyDecoder decoder(kChunked);
  size_t fed = 0;
  std::string joined;
  while (decoder.progress() == Progress::more && fed < 100000) {
    static_cast<void>(decode_read(decoder, bytes_of(dear), joined));
    ++fed;
  }
  CHECK(decoder.why() == "far more framing of chunks than body");
  CHECK(fed == (16384 - 13) / 7 + 2);
}

TEST_CASE("J5 body framer: a million chunks of a single octet pass") {
  std::string wire;
  for (int i = 0; i < 1000; ++i) wire += "1\r\nx\r\n";
  BodyDecoder decoder(kChunked);
  std::string joined;
  for (int i = 0; i < 1000; ++i) {
    const auto decoded = decode_read(decoder, bytes_of(wire), joined);
    REQUIRE(decoded.progress == Progress::more);
    REQUIRE(decoded.octets.size() == 1000);
  }
  CHECK(decode_read(decoder, bytes_of("0\r\n\r\n"), joined).progress == Progress::complete);
  CHECK(decoder.octets() == 1000000);
}

TEST_CASE("body framer: a broken body stays broken") {
  BodyDecoder decoder(kChunked);
  CHECK(decoder.decode(bytes_of("x")).progress == Progress::broken);
  const auto after = decoder.decode(bytes_of("0\r\n\r\n"));
  CHECK(after.progress == Progress::broken);
  CHECK(after.consumed == 0);
  CHECK(decoder.end() == Progress::broken);
  CHECK(decoder.why() == "a chunk without a size");
}

TEST_CASE("body framer: octets of one chunk view the input, those of several are put together") {
  BodyDecoder decoder(kChunked);
  std::string joined;
  const std::string_view one = "5\r\nhello\r\n2\r\n";
  const auto viewed = decode_read(decoder, bytes_of(one), joined);
  CHECK(text_of(viewed.octets) == "hello");
  CHECK(text_of(viewed.octets).data() == one.data() + 3);
  const auto put_together = decode_read(decoder, bytes_of("ab\r\n1\r\nc\r\n1\r\nd"), joined);
  CHECK(text_of(put_together.octets) == "abcd");
  CHECK(text_of(put_together.octets).data() == joined.data());
}

TEST_CASE("J5 body framer: what is written anew is one canonical chunk, and reads the same") {
  std::string wire;
  proto::http1::append_chunk(wire, bytes_of("hello"));
  proto::http1::append_chunk(wire, bytes_of(std::string(0x1f40, 'x')));
  CHECK(wire.starts_with("5\r\nhello\r\n1f40\r\nx"));
  wire += proto::http1::kLastChunk;
  CHECK(wire.ends_with("x\r\n0\r\n\r\n"));
  const Found found = decode(kChunked, {bytes_of(wire)}, false);
  CHECK(found.progress == Progress::complete);
  CHECK(found.consumed == wire.size());
  CHECK(found.octets == "hello" + std::string(0x1f40, 'x'));
}
