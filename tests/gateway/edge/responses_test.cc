#include "gateway/edge/responses.h"

#include <string>

#include <doctest/doctest.h>

#include "tests/support/handshakes.h"

using namespace tests;
using gateway::edge::http1_response;
using gateway::edge::http1_switching;

TEST_CASE("responses: HTTP/1.1 frames an answer and closes behind it") {
  CHECK(http1_response({.status = 404, .fields = "X-A: b\r\n", .body = "no\n"}) ==
        "HTTP/1.1 404 Not Found\r\nX-A: b\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno\n");
}

TEST_CASE("responses: to HEAD an answer says its length and has no body") {
  CHECK(http1_response({.status = 404, .fields = "", .body = "no\n", .to_head = true}) ==
        "HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\nConnection: close\r\n\r\n");
}

TEST_CASE("responses: a status without a body has no length either") {
  for (const int status : {204, 304}) {
    const std::string text = http1_response({.status = status, .fields = "", .body = ""});
    CHECK(field_of(text, "Content-Length").empty());
    CHECK(text.ends_with("\r\n\r\n"));
  }
}

TEST_CASE("responses: a 426 names the protocol that is asked for") {
  const std::string text = http1_response({.status = 426, .fields = "", .body = "\n"});
  CHECK(field_of(text, "Upgrade") == "websocket");
  CHECK(text.find("\r\nConnection: Upgrade\r\n") != std::string::npos);
}

TEST_CASE("responses: a 101 says what was agreed on, and what the origin adds") {
  const std::string text = http1_switching(
      kKey, {.subprotocol = "chat", .extensions = "permessage-deflate", .permessage_deflate = true},
      "Set-Cookie: a=b\r\n");
  CHECK(text ==
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: " +
            std::string(kAccept) +
            "\r\nSec-WebSocket-Protocol: chat\r\n"
            "Sec-WebSocket-Extensions: permessage-deflate\r\nSet-Cookie: a=b\r\n\r\n");
  CHECK(field_of(http1_switching(kKey, {}, {}), "Sec-WebSocket-Protocol").empty());
}
