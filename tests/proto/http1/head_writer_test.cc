#include "proto/http1/head_writer.h"

#include <string>

#include <doctest/doctest.h>

using namespace std::string_view_literals;
namespace http1 = proto::http1;

TEST_CASE("head_writer: a request head") {
  std::string head;
  http1::append_request_line(head, "GET", "/chat?room=1");
  http1::append_field(head, "Host", "example.com");
  http1::append_field(head, "Empty", "");
  http1::append_end(head);
  CHECK(head == "GET /chat?room=1 HTTP/1.1\r\nHost: example.com\r\nEmpty: \r\n\r\n");
}

TEST_CASE("head_writer: the 101 has the reason phrase that Java-WebSocket wants") {
  std::string head;
  http1::append_status_line(head, 101);
  CHECK(head == "HTTP/1.1 101 Switching Protocols\r\n");
}

TEST_CASE("head_writer: every code has a phrase") {
  CHECK(http1::reason_phrase(100) == "Continue");
  CHECK(http1::reason_phrase(200) == "OK");
  CHECK(http1::reason_phrase(426) == "Upgrade Required");
  CHECK(http1::reason_phrase(431) == "Request Header Fields Too Large");
  CHECK(http1::reason_phrase(508) == "Loop Detected");
  CHECK(http1::reason_phrase(511) == "Network Authentication Required");
  CHECK(http1::reason_phrase(0) == "Unknown");
  CHECK(http1::reason_phrase(299) == "Unknown");
  CHECK(http1::reason_phrase(599) == "Unknown");
}

TEST_CASE("head_writer: a text response counts its line end and closes") {
  CHECK(http1::text_response(400, "no Host field") ==
        "HTTP/1.1 400 Bad Request\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "Content-Length: 14\r\n"
        "Connection: close\r\n"
        "\r\n"
        "no Host field\n"sv);
}

TEST_CASE("head_writer: a text response takes further fields") {
  CHECK(http1::text_response(426, "version 13 only", "Sec-WebSocket-Version: 13\r\n") ==
        "HTTP/1.1 426 Upgrade Required\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "Content-Length: 16\r\n"
        "Connection: close\r\n"
        "Sec-WebSocket-Version: 13\r\n"
        "\r\n"
        "version 13 only\n"sv);
}
