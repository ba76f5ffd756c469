#include "proto/http1/head_parser.h"

#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "proto/http1/method.h"
#include "tests/proto/http1/parsing.h"

using namespace std::string_view_literals;
using namespace std::string_literals;
using proto::bytes_of;
using proto::http1::HeadLimits;
using proto::http1::Progress;
using proto::http1::RequestHead;
using proto::http1::RequestParser;
using proto::http1::ResponseHead;
using proto::http1::ResponseParser;
using tests::answer_verdict_of;
using tests::for_each_parse;
using tests::Outcome;
using tests::verdict_of;

namespace {

constexpr std::string_view kBrowser =
    "GET /chat?room=1 HTTP/1.1\r\n"
    "Host: example.com\r\n"
    "Connection: keep-alive, Upgrade\r\n"
    "Upgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "X-Empty:\r\n"
    "X-Blanks: \t a b\t \r\n"
    "X-Text: caf\xc3\xa9\tx\r\n"
    "\r\n";

struct Row {
  std::string_view text;
  std::string_view verdict;
};

void check_requests(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(verdict_of(row.text) == row.verdict);
  }
}

void check_answers(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(answer_verdict_of(row.text) == row.verdict);
  }
}

}  // namespace

TEST_CASE("request parser: reads a browser's handshake in every cut") {
  for_each_parse<RequestParser>(kBrowser, {}, [](RequestParser& parser, const Outcome& outcome) {
    REQUIRE(outcome == Outcome{Progress::complete, kBrowser.size()});
    const RequestHead head = parser.take();
    REQUIRE(head.method == "GET");
    REQUIRE(head.target == "/chat?room=1");
    REQUIRE(head.minor_version == 1);
    REQUIRE(head.fields.all().size() == 8);
    REQUIRE(head.fields.all()[1].name == "Connection");
    REQUIRE(head.fields.all()[1].value == "keep-alive, Upgrade");
    REQUIRE(head.fields.first("x-empty") == "");
    REQUIRE(head.fields.first("x-blanks") == "a b");
    REQUIRE(head.fields.first("x-text") == "caf\xc3\xa9\tx");
    REQUIRE(*head.text == kBrowser);
  });
}

TEST_CASE("request parser: the fields of a taken head stay valid when it moves") {
  RequestParser parser({});
  REQUIRE(parser.feed(bytes_of("GET / HTTP/1.1\r\nHost: h\r\n\r\n")).progress ==
          Progress::complete);
  RequestHead first = parser.take();
  const RequestHead second = std::move(first);
  CHECK(second.method == "GET");
  CHECK(second.fields.first("Host") == "h");
  CHECK(second.fields.first("Host")->data() > second.text->data());
}

TEST_CASE("request parser: does not touch what follows the head") {
  const std::string text = std::string(kBrowser) + "\x81\x85glued\r\n\r\n\0"s;
  for_each_parse<RequestParser>(text, {}, [](const RequestParser&, const Outcome& outcome) {
    REQUIRE(outcome == Outcome{Progress::complete, kBrowser.size()});
  });
}

TEST_CASE("request parser: takes nothing after its end") {
  RequestParser good({});
  CHECK_FALSE(good.started());
  CHECK(good.feed({}).progress == Progress::more);
  CHECK_FALSE(good.started());
  CHECK(good.feed(bytes_of("GET / HTTP/1.1\r\n\r\n")).progress == Progress::complete);
  CHECK(good.started());
  const RequestHead head = good.take();
  CHECK(good.feed(bytes_of("GET")).progress == Progress::complete);
  CHECK(good.feed(bytes_of("GET")).consumed == 0);
  CHECK(head.target == "/");

  RequestParser bad({});
  CHECK(bad.feed(bytes_of("GET / HTTP/9.9\r\n\r\n")).progress == Progress::refused);
  CHECK(bad.feed(bytes_of("GET")).progress == Progress::refused);
  CHECK(bad.feed(bytes_of("GET")).consumed == 0);
  CHECK(bad.rejection().status == 505);
}

TEST_CASE("request parser: good requests pass") {
  check_requests({
      {"GET / HTTP/1.0\r\n\r\n", "passes"},
      {"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", "passes"},
      {"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 9223372036854775807\r\n\r\n", "passes"},
      {"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n", "passes"},
      {"POST /a HTTP/1.1\r\nHost: h\r\ntransfer-encoding:chunked \t\r\n\r\n", "passes"},
      {"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 7  \r\n\r\n", "passes"},
      {"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", "passes"},
      {"CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n", "passes"},
      {"PURGE /a HTTP/1.1\r\nHost: h\r\n\r\n", "passes"},
      {"GET http://h/a?b=c HTTP/1.1\r\nHost: h\r\n\r\n", "passes"},
      {"GET /a%20b;c=d/../e?f={\"g\"}|\\^` HTTP/1.1\r\nHost: h\r\n\r\n", "passes"},
      {"\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", "passes"},
      {"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "passes"},
      {"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n", "passes"},
      {"GET / HTTP/1.1\r\nHost: h\r\n!#$%&'*+-.^_`|~9aZ: x\r\n\r\n", "passes"},
      {"GET / HTTP/1.1\r\nHost: h\r\nX: \x80\xff\r\n\r\n", "passes"},
      {"GET / HTTP/1.1\r\nHost: h\r\nX: a:b::\r\n\r\n", "passes"},
  });
}

TEST_CASE("request parser: bad request lines") {
  check_requests({
      {" GET / HTTP/1.1\r\n", "400 the request line does not begin with a method"},
      {"G(T / HTTP/1.1\r\n", "400 the request line does not begin with a method"},
      {"\xe2\x82\xac", "400 the request line does not begin with a method"},
      {"GET\r\n\r\n", "400 the request line names no target"},
      {"GET \r\n\r\n", "400 the request line names no target"},
      {"GET /\r\n\r\n", "400 the request line names no HTTP version"},
      {"GET / \r\n\r\n", "400 the request line names no HTTP version"},
      {"GET  / HTTP/1.1\r\n", "400 white space where the request target should be"},
      {"GET\t/ HTTP/1.1\r\n", "400 the request line does not begin with a method"},
      {"GET /a\tb HTTP/1.1\r\n", "400 white space where the request target should be"},
      {"GET /a b HTTP/1.1\r\n", "400 white space after the request target"},
      {"GET /  HTTP/1.1\r\n", "400 white space after the request target"},
      {"GET / HTTP/1.1 \r\n", "400 white space after the request target"},
      {"GET / http/1.1\r\n\r\n", "400 a malformed HTTP version"},
      {"GET / HTTP/1.10\r\n", "400 a malformed HTTP version"},
      {"GET / HTTP/1\r\n\r\n", "400 a malformed HTTP version"},
      {"GET / HTTP/1,1\r\n\r\n", "400 a malformed HTTP version"},
      {"GET / HTPP/1.1\r\n\r\n", "400 a malformed HTTP version"},
      {"GET / HTTP/1.2\r\n\r\n", "505 only HTTP/1.1 and HTTP/1.0 are spoken here"},
      {"GET / HTTP/0.9\r\n\r\n", "505 only HTTP/1.1 and HTTP/1.0 are spoken here"},
      {"GET / HTTP/2.0\r\n\r\n", "505 only HTTP/1.1 and HTTP/1.0 are spoken here"},
      {"GET a HTTP/1.1\r\nHost: h\r\n\r\n", "400 a malformed request target"},
      {"GET ?a HTTP/1.1\r\nHost: h\r\n\r\n", "400 a malformed request target"},
      {"GET h:80 HTTP/1.1\r\nHost: h\r\n\r\n", "400 a malformed request target"},
      {"GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", "400 a fragment in the request target"},
  });
}

TEST_CASE("J1 request parser: a method that nobody knows is 501, those that llhttp knows pass") {
  for (const std::string_view method : {"get", "Get", "FLY", "PLAY", "DESCRIBE", "PRI", "GETT"}) {
    CAPTURE(method);
    CHECK(verdict_of(std::string(method) + " / HTTP/1.1\r\nHost: h\r\n\r\n") ==
          "501 this method is not answered here");
  }
  for (const std::string_view method : proto::http1::passing_methods()) {
    CAPTURE(method);
    CHECK(verdict_of(std::string(method) + " / HTTP/1.1\r\nHost: h\r\n\r\n") == "passes");
  }
  // Refused where it is known whose they are.
  CHECK(verdict_of("TRACE / HTTP/1.1\r\nHost: h\r\n\r\n") == "passes");
}

TEST_CASE("J8 request parser: what CGI takes for a framing field is refused, other _ names pass") {
  const auto with = [](std::string_view line) {
    return verdict_of("POST / HTTP/1.1\r\nHost: h\r\n" + std::string(line) + "\r\n\r\n");
  };
  const std::string_view refused =
      "400 a field name that an origin may take for Content-Length or Transfer-Encoding";
  for (const std::string_view line :
       {"Content_Length: 5", "content_length: 0", "CONTENT_LENGTH:", "Transfer_Encoding: chunked",
        "transfer_encoding: identity"}) {
    CAPTURE(line);
    CHECK(with(line) == refused);
  }
  for (const std::string_view line :
       {"api_key: 1", "_: 1", "Host_: 1", "Content__Length: 5", "X_Content_Length: 5",
        "Content_Type: a", "ContentLength: 5"}) {
    CAPTURE(line);
    CHECK(with(line) == "passes");
  }
  CHECK(answer_verdict_of("HTTP/1.1 200 OK\r\nContent_Length: 5\r\n\r\n") == "passes");
}

TEST_CASE("J3 request parser: HTTP/1.0 has no chunks, 0.9 and 2.0 are not spoken") {
  check_requests({
      {"POST / HTTP/1.0\r\nHost: h\r\nContent-Length: 5\r\n\r\n", "passes"},
      {"POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
       "400 Transfer-Encoding in HTTP/1.0"},
      {"GET /\r\n\r\n", "400 the request line names no HTTP version"},
      {"GET / HTTP/0.9\r\n\r\n", "505 only HTTP/1.1 and HTTP/1.0 are spoken here"},
      {"GET / HTTP/2.0\r\n\r\n", "505 only HTTP/1.1 and HTTP/1.0 are spoken here"},
      {"GET / HTTP/3\r\n\r\n", "400 a malformed HTTP version"},
  });
}

TEST_CASE("request parser: other protocols are told so") {
  check_requests({
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400 HTTP/2 is not spoken here"},
      {"\x16\x03\x01\x02\x00\x01", "400 TLS on a port that speaks plain HTTP"},
      {"PRI * HTTP/1.1\r\n\r\n", "400 a request for *"},
      {"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n", "400 white space after the request target"},
  });
}

TEST_CASE("request parser: bad field lines") {
  check_requests({
      {"GET / HTTP/1.1\r\nHost\r\n\r\n", "400 a field line without a colon"},
      {"GET / HTTP/1.1\r\n: h\r\n\r\n", "400 a field without a name"},
      {"GET / HTTP/1.1\r\n  X: a\r\n\r\n", "400 a folded field line"},
      {"GET / HTTP/1.1\r\nX: a\r\n\tb\r\n\r\n", "400 a folded field line"},
      {"GET / HTTP/1.1\r\nX\t: a\r\n\r\n", "400 white space before the colon of a field"},
      {"GET / HTTP/1.1\r\nX Y: a\r\n\r\n",
       "400 a field name with a character that is not allowed in it"},
      {"GET / HTTP/1.1\r\nX(Y): a\r\n\r\n",
       "400 a field name with a character that is not allowed in it"},
      {"GET / HTTP/1.1\r\nX\xc3\xa9: a\r\n\r\n",
       "400 a field name with a character that is not allowed in it"},
      {"GET / HTTP/1.1\r\nX: a\0b\r\n"sv, "400 a NUL in the head"},
      {"GET / HTTP/1.1\r\nX: a\x01", "400 a control character in the head"},
      {"GET / HTTP/1.1\r\nX: a\x1b[31m", "400 a control character in the head"},
      {"GET / HTTP/1.1\r\nX: a\x7f", "400 a control character in the head"},
      {"GET / HTTP/1.1\r\nX: a\n", "400 a LF without CR in the head"},
      {"GET / HTTP/1.1\r\nX: a\rb", "400 a CR without LF in the head"},
      {"GET / HTTP/1.1\r\nX: a\r\n\rX", "400 a CR without LF in the head"},
      {"GET / HTTP/1.1\r\nX: a\r\n\n", "400 a LF without CR in the head"},
      {"GET / HTTP/1.1\n", "400 a LF without CR in the head"},
      {"GET / HTTP/1.1\r\r\n", "400 a CR without LF in the head"},
      {"\n", "400 a LF without CR in the head"},
      {"\r\n\r\n", "400 an empty line where the head begins"},
      {"\0"sv, "400 a NUL in the head"},
  });
}

TEST_CASE("request parser: a character is judged alike wherever in a line it stands") {
  for (int byte = 0; byte < 256; ++byte) {
    const char character = static_cast<char>(byte);
    const bool plain = (byte >= 0x20 && byte != 0x7f) || byte == '\t';
    for (size_t before = 0; before < 20; ++before) {
      RequestParser parser({});
      const std::string head = "GET / HTTP/1.1\r\nHost: h\r\nX: a" + std::string(before, 'b') +
                               character + std::string(20 - before, 'c') + "\r\n\r\n";
      const bool accepted = parser.feed(proto::bytes_of(head)).progress == Progress::complete;
      CHECK_MESSAGE(accepted == plain, byte << " behind " << before);
    }
  }
}

TEST_CASE("J4 request parser: what would hide the end of the message") {
  const auto with = [](std::string_view fields) {
    return "POST / HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n";
  };
  const std::vector<Row> rows = {
      {"Content-Length:\r\n", "400 an empty Content-Length"},
      {"Content-Length: \t\r\n", "400 an empty Content-Length"},
      {"Content-Length: +5\r\n", "400 a Content-Length that is not a number"},
      {"Content-Length: -5\r\n", "400 a Content-Length that is not a number"},
      {"Content-Length: 0x5\r\n", "400 a Content-Length that is not a number"},
      {"Content-Length: 5 5\r\n", "400 a Content-Length that is not a number"},
      {"Content-Length: 5, 5\r\n", "400 a Content-Length that is not a number"},
      {"Content-Length: 5,\r\n", "400 a Content-Length that is not a number"},
      {"Content-Length: 9223372036854775808\r\n", "400 a Content-Length that is too large"},
      {"Content-Length: 99999999999999999999\r\n", "400 a Content-Length that is too large"},
      {"Content-Length: 5\r\ncontent-length: 5\r\n", "400 more than one Content-Length"},
      {"Content-Length: 5\r\nContent-Length: 6\r\n", "400 more than one Content-Length"},
      {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
       "400 Content-Length together with Transfer-Encoding"},
      {"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
       "400 Content-Length together with Transfer-Encoding"},
      {"Transfer-Encoding:\r\n", "400 an empty Transfer-Encoding"},
      {"Transfer-Encoding: identity\r\n", "400 a Transfer-Encoding other than chunked"},
      {"Transfer-Encoding: gzip, chunked\r\n", "400 a Transfer-Encoding other than chunked"},
      {"Transfer-Encoding: chunked, gzip\r\n", "400 a Transfer-Encoding other than chunked"},
      {"Transfer-Encoding: chunked, chunked\r\n", "400 a Transfer-Encoding other than chunked"},
      {"Transfer-Encoding: chunked;a=b\r\n", "400 a Transfer-Encoding other than chunked"},
      {"Transfer-Encoding: xchunked\r\n", "400 a Transfer-Encoding other than chunked"},
      {"Transfer-Encoding: \"chunked\"\r\n", "400 a Transfer-Encoding other than chunked"},
      {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
       "400 more than one Transfer-Encoding"},
      {"Transfer-Encoding : chunked\r\n", "400 white space before the colon of a field"},
      {" Transfer-Encoding: chunked\r\n", "400 a folded field line"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(verdict_of(with(row.text)) == row.verdict);
  }
  CHECK(verdict_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") ==
        "400 Transfer-Encoding in HTTP/1.0");
}

TEST_CASE("request parser: a head of exactly the limit passes, one byte more does not") {
  const std::string head = "GET / HTTP/1.1\r\nHost: h\r\nX: 123456789\r\n\r\n";
  HeadLimits limits;
  limits.max_head = head.size();
  CHECK(verdict_of(head, limits) == "passes");
  limits.max_head = head.size() - 1;
  CHECK(verdict_of(head, limits) == "431 the head is too large");
  limits.max_head = 0;
  CHECK(verdict_of(head, limits) == "431 the head is too large");
}

TEST_CASE("request parser: an endless head is refused at the limit and not kept") {
  RequestParser parser({});
  const std::string line = "X: " + std::string(1000, 'a') + "\r\n";
  REQUIRE(parser.feed(bytes_of("GET / HTTP/1.1\r\n")).progress == Progress::more);
  size_t fed = 16;
  while (parser.feed(bytes_of(line)).progress == Progress::more) {
    fed += line.size();
    REQUIRE(fed <= 16 * 1024);
  }
  CHECK(parser.rejection().status == 431);
}

TEST_CASE("request parser: one field more than allowed is 431 (H1)") {
  HeadLimits limits;
  limits.max_fields = 2;
  CHECK(verdict_of("GET / HTTP/1.1\r\nA: a\r\nB: b\r\n\r\n", limits) == "passes");
  CHECK(verdict_of("GET / HTTP/1.1\r\nA: a\r\nB: b\r\nC: c\r\n", limits) ==
        "431 too many fields in the head");

  std::string head = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 99; ++i) head += "X: y\r\n";
  RequestParser hundred({});
  CHECK(hundred.feed(bytes_of(head + "\r\n")).progress == Progress::complete);
  RequestParser more({});
  CHECK(more.feed(bytes_of(head + "X: y\r\n")).progress == Progress::refused);
}

TEST_CASE("request parser: many Connection options are 431") {
  std::string options = "a";
  for (int i = 0; i < 31; ++i) options += ",a";
  const auto with = [](const std::string& value) {
    return "GET / HTTP/1.1\r\nHost: h\r\nConnection: " + value + "\r\n\r\n";
  };
  CHECK(verdict_of(with(options)) == "passes");
  CHECK(verdict_of(with(options + ",a")) == "431 too many Connection options");
}

TEST_CASE("response parser: reads a 101 and leaves the first frame alone") {
  constexpr std::string_view kHead =
      "HTTP/1.1 101 Switching Protocols\r\n"
      "Upgrade: websocket\r\n"
      "Connection: upgrade, keep-alive\r\n"
      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
  const std::string text = std::string(kHead) + "\x81\x05Hello";
  for_each_parse<ResponseParser>(text, {}, [&](ResponseParser& parser, const Outcome& outcome) {
    REQUIRE(outcome == Outcome{Progress::complete, kHead.size()});
    const ResponseHead head = parser.take();
    REQUIRE(head.status == 101);
    REQUIRE(head.reason == "Switching Protocols");
    REQUIRE(head.minor_version == 1);
    REQUIRE(head.fields.all().size() == 3);
    REQUIRE(head.fields.has_token("connection", "upgrade"));
    REQUIRE(*head.text == kHead);
  });
}

TEST_CASE("response parser: an empty reason passes, with the space (Tomcat) or without") {
  for (std::string_view line : {"HTTP/1.1 101 "sv, "HTTP/1.1 101"sv}) {
    ResponseParser parser({});
    const std::string head = std::string(line) + "\r\nUpgrade: websocket\r\n\r\n";
    REQUIRE(parser.feed(bytes_of(head)).progress == Progress::complete);
    const ResponseHead taken = parser.take();
    CHECK(taken.status == 101);
    CHECK(taken.reason.empty());
  }
}

TEST_CASE("response parser: good answers pass") {
  check_answers({
      {"HTTP/1.0 200 OK\r\n\r\n", "passes"},
      {"HTTP/1.1 599 \r\n\r\n", "passes"},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "passes"},
      {"HTTP/1.1 200 Alles\tin  Butter \xc3\xa9\r\nContent-Length: 0\r\n\r\n", "passes"},
      {"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n", "passes"},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\nConnection: close\r\n\r\n", "passes"},
      {"HTTP/1.1 204 No Content\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n", "passes"},
  });
}

TEST_CASE("response parser: bad answers are refused") {
  check_answers({
      {"\r\nHTTP/1.1 200 OK\r\n\r\n", "an empty line where the head begins"},
      {"220 mail ESMTP", "the answer does not begin as HTTP/1"},
      {"HTTP/2.0 200 OK", "the answer does not begin as HTTP/1"},
      {"http/1.1 200 OK", "the answer does not begin as HTTP/1"},
      {"\x15\x03\x01", "the origin speaks TLS on this port, not plain HTTP"},
      {"HTTP/1.2 200 OK\r\n\r\n", "the answer is not in HTTP/1.1 or HTTP/1.0"},
      {"HTTP/1.1\r\n\r\n", "a status code outside 100 to 599"},
      {"HTTP/1.1  200 OK\r\n\r\n", "a status code outside 100 to 599"},
      {"HTTP/1.1 20 OK\r\n\r\n", "a status code outside 100 to 599"},
      {"HTTP/1.1 0200 OK\r\n\r\n", "a status code outside 100 to 599"},
      {"HTTP/1.1 099 OK\r\n\r\n", "a status code outside 100 to 599"},
      {"HTTP/1.1 600 OK\r\n\r\n", "a status code outside 100 to 599"},
      {"HTTP/1.1 2x0 OK\r\n\r\n", "a status code outside 100 to 599"},
      {"HTTP/1.0 101 Switching Protocols\r\n\r\n", "a 101 in HTTP/1.0"},
      {"HTTP/1.1 200 OK\nServer: x\r\n\r\n", "a LF without CR in the head"},
      {"HTTP/1.1 200 OK\rServer", "a CR without LF in the head"},
      {"HTTP/1.1 200 O\0K"sv, "a NUL in the head"},
      {"HTTP/1.1 200 OK\r\nX: \x08", "a control character in the head"},
      {"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", "a folded field line"},
      {"HTTP/1.1 200 OK\r\nX : a\r\n\r\n", "white space before the colon of a field"},
      {"HTTP/1.1 200 OK\r\n:a\r\n\r\n", "a field without a name"},
      {"HTTP/1.1 200 OK\r\nX\r\n\r\n", "a field line without a colon"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
       "more than one Content-Length"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       "Content-Length together with Transfer-Encoding"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
       "a Transfer-Encoding other than chunked"},
  });
}

TEST_CASE("FY10 response parser: says which limit a head is beyond") {
  HeadLimits limits;
  limits.max_head = 40;
  limits.max_fields = 1;
  const auto reached = [&](std::string_view text) {
    ResponseParser parser(limits);
    REQUIRE(parser.feed(proto::bytes_of(text)).progress == Progress::refused);
    return parser.reached();
  };
  CHECK(reached("HTTP/1.1 200 OK\r\nA: " + std::string(40, 'x')) == proto::http1::HeadLimit::size);
  CHECK(reached("HTTP/1.1 200 OK\r\nA:\r\nB:\r\n") == proto::http1::HeadLimit::fields);
  CHECK(reached("HTTP/1.1 200 OK\nA:") == std::nullopt);
}

TEST_CASE("response parser: limits") {
  HeadLimits limits;
  limits.max_head = 29;
  limits.max_fields = 1;
  CHECK(answer_verdict_of("HTTP/1.1 200 OK\r\nA: 12345\r\n\r\n", limits) == "passes");
  CHECK(answer_verdict_of("HTTP/1.1 200 OK\r\nA: 123456\r\n\r\n", limits) ==
        "the head is too large");
  CHECK(answer_verdict_of("HTTP/1.1 200 OK\r\nA:\r\nB:\r\n", limits) ==
        "too many fields in the head");
}
