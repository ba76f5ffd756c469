#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/access_file.h"
#include "tests/support/edge_stage.h"
#include "tests/support/folder.h"

using namespace tests;
using namespace std::chrono_literals;
using gateway::config::Document;

namespace {

// Answered, closed and forgotten; the words of the body are those of the log.
LogLine refused(EdgeStage& stage, AccessFile& file, RawPeer& client, int status) {
  REQUIRE(stage.answered(client));
  CHECK(status_of(client.received) == status);
  CHECK(field_of(client.received, "Connection") == "close");
  const std::string body = body_of(client.received);
  CHECK(field_of(client.received, "Content-Length") == std::to_string(body.size()));
  client.close();
  CHECK(stage.until([&] { return stage.clients.size() == 0; }));
  CHECK(stage.admission.held() == 0);
  CHECK(stage.table.size() == 0);
  const auto lines = file.lines();
  REQUIRE(lines.size() == 1);
  // Of what asks for no WebSocket, as far as it can be read, the line is that of a plain request.
  CHECK((lines[0]["event"] == "refused" || lines[0]["event"] == "exchange"));
  CHECK(lines[0]["return_code"] == status);
  CHECK(lines[0]["error"].text() + "\n" == body);
  CHECK(lines[0]["session_id"].text() != std::string(32, '0'));
  return lines[0];
}

}  // namespace

TEST_CASE("client refusals: what a client does wrong is answered by status and cause") {
  struct Row {
    int status;
    std::string_view cause;
    std::string text;
    bool of_a_domain;
  };
  const Row rows[] = {
      {400, "bad_request", "hello\r\n\r\n", false},
      {400, "bad_request", "GET /chat HTTP/1.1\r\n\r\n", false},
      {400, "bad_request", upgrade_request({.fields = "Host: other.example.com\r\n"}), false},
      {400, "bad_request", upgrade_request({.fields = "Sec-WebSocket-Key: again\r\n"}), true},
      {400, "bad_request", upgrade_request({.fields = "Content-Length: 3\r\n"}) + "abc", true},
      {404, "no_route", upgrade_request({.host = "nobody.example.com"}), false},
      {414, "bad_request", upgrade_request({.target = "/" + std::string(9000, 'a')}), false},
      {417, "bad_request", upgrade_request({.fields = "Expect: cake\r\n"}), true},
      {426, "bad_request", upgrade_request({.version = "8"}), true},
      {426, "not_an_upgrade", "GET / HTTP/1.1\r\nHost: chat.example.com\r\n\r\n", true},
      {431, "bad_request", upgrade_request({.fields = "X: " + std::string(17'000, 'x') + "\r\n"}),
       false},
      {501, "method_refused", "Get / HTTP/1.1\r\nHost: chat.example.com\r\n\r\n", false},
      {508, "loop", upgrade_request({.fields = "Via: 1.1 weir-node-1\r\n"}), true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.status);
    CAPTURE(row.text.substr(0, 200));
    AccessFile file;
    EdgeStage stage({}, &file.log());
    RawPeer client = stage.client(row.text);
    const LogLine line = refused(stage, file, client, row.status);
    CHECK(line.cause() == row.cause);
    CHECK(line.initiator() == "client");
    CHECK(line["domain"] == (row.of_a_domain ? "chat.example.com" : "_unmatched"));
    CHECK(stage.answers(row.status) == (row.of_a_domain ? 1 : 0));
    CHECK(stage.unmatched_answers(row.status) == (row.of_a_domain ? 0 : 1));
    CHECK_FALSE(readable(stage.origin.fd()));
  }
}

TEST_CASE("client refusals: 426 names the version, or the protocol that is spoken here") {
  EdgeStage stage;
  RawPeer wrong = stage.client(upgrade_request({.version = "8"}));
  REQUIRE(stage.answered(wrong));
  CHECK(field_of(wrong.received, "Sec-WebSocket-Version") == "13");
  CHECK(field_of(wrong.received, "Upgrade") == "websocket");
  RawPeer plain = stage.client("GET / HTTP/1.1\r\nHost: chat.example.com\r\n\r\n");
  REQUIRE(stage.answered(plain));
  CHECK(field_of(plain.received, "Upgrade") == "websocket");
  CHECK(field_of(plain.received, "Sec-WebSocket-Version").empty());
}

TEST_CASE("client refusals: too many fields are 431, by limits.max_headers") {
  AccessFile file;
  EdgeStage stage([](Document& document) { document.limits.max_headers = 10; }, &file.log());
  std::string fields;
  for (int i = 0; i < 6; ++i) fields += "X-" + std::to_string(i) + ": 1\r\n";
  RawPeer client = stage.client(upgrade_request({.fields = fields}));
  refused(stage, file, client, 431);
}

TEST_CASE("client refusals: a domain where WebSocket is off answers 403") {
  AccessFile file;
  EdgeStage stage([](Document& document) { document.domains[0].websocket.enabled = false; },
                  &file.log());
  RawPeer client = stage.client(upgrade_request());
  const LogLine line = refused(stage, file, client, 403);
  CHECK(line.cause() == "websocket_disabled");
  CHECK(line.initiator() == "gateway");
}

TEST_CASE("client refusals: who may open is told by the whole Origin") {
  using Origins = gateway::config::Access::Origins;
  struct Row {
    Origins origins;
    std::string fields;
    bool allowed;
  };
  const Row rows[] = {
      {Origins::same_host, "", true},
      {Origins::same_host, "Origin: https://chat.example.com\r\n", true},
      {Origins::same_host, "Origin: http://CHAT.example.com:8080\r\n", true},
      {Origins::same_host, "Origin: https://chat.example.com.evil.test\r\n", false},
      {Origins::same_host, "Origin: https://evil.test\r\n", false},
      {Origins::same_host, "Origin: null\r\n", false},
      {Origins::same_host, "Origin: https://chat.example.com\r\nOrigin: https://evil.test\r\n",
       false},
      {Origins::any, "Origin: https://evil.test\r\n", true},
      {Origins::listed, "Origin: https://app.example.com\r\n", true},
      {Origins::listed, "Origin: https://app.example.com.evil.test\r\n", false},
      {Origins::listed, "Origin: https://chat.example.com\r\n", false},
      {Origins::listed, "", true},
      {Origins::same_host, "Origin: HTTP://chat.example.com.:81\r\n", true},
      {Origins::same_host, "Origin: javascript://chat.example.com\r\n", false},
      {Origins::same_host, "Origin: ws://chat.example.com\r\n", false},
      {Origins::same_host, "Origin: ://chat.example.com\r\n", false},
      {Origins::same_host, "Origin: //chat.example.com\r\n", false},
      {Origins::same_host, "Origin: chat.example.com\r\n", false},
      {Origins::same_host, "Origin: https://chat.example.com/\r\n", false},
      {Origins::same_host, "Origin: https://user@chat.example.com\r\n", false},
      {Origins::same_host, "Origin: https://chat.example.com https://evil.test\r\n", false},
      {Origins::same_host, "Origin: https://chat.example.com,https://evil.test\r\n", false},
      {Origins::same_host, "Origin:\r\n", false},
      {Origins::listed, "Origin: HTTPS://APP.example.com:443\r\n", true},
      {Origins::listed, "Origin: https://app.example.com.\r\n", true},
      {Origins::listed, "Origin: http://app.example.com\r\n", false},
      {Origins::listed, "Origin: https://app.example.com:8443\r\n", false},
      {Origins::listed, "Origin: null\r\n", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.fields);
    AccessFile file;
    EdgeStage stage(
        [&row](Document& document) {
          document.domains[0].access = {row.origins, {"https://app.example.com"}};
        },
        &file.log());
    RawPeer client = stage.client(upgrade_request({.fields = row.fields}));
    if (row.allowed) {
      CHECK(stage.until([&] { return readable(stage.origin.fd()); }));
      continue;
    }
    const LogLine line = refused(stage, file, client, 403);
    CHECK(line.cause() == "origin_not_allowed");
    CHECK_FALSE(line["error_detail"].text().empty());
  }
}

TEST_CASE("FY33 client refusals: the log says which page was refused, and by what") {
  using Origins = gateway::config::Access::Origins;
  for (const auto& [origins, says] :
       {std::pair{Origins::same_host,
                  "https://evil.test is not a page of this host, and access.origins is same_host"},
        std::pair{Origins::listed, "https://evil.test is not in access.origins"}}) {
    AccessFile file;
    EdgeStage stage(
        [origins = origins](Document& document) {
          document.domains[0].access = {origins, {"https://app.example.com"}};
        },
        &file.log());
    RawPeer client = stage.client(upgrade_request({.fields = "Origin: https://Evil.test:443\r\n"}));
    CHECK(refused(stage, file, client, 403)["error_detail"] == says);
  }
}

TEST_CASE("FY2 client refusals: an IPv6 literal is one host in every spelling") {
  const auto on_loopback = [](Document& document) { document.domains[0].names = {"[::1]"}; };
  for (const char* host : {"[::1]", "[0:0:0:0:0:0:0:1]", "[0::0001]:8080"}) {
    CAPTURE(host);
    EdgeStage stage(on_loopback);
    RawPeer client =
        stage.client(upgrade_request({.host = host, .fields = "Origin: http://[0:0::1]:9\r\n"}));
    CHECK(stage.until([&] { return readable(stage.origin.fd()); }));
  }
}

TEST_CASE("client refusals: a node that is drained answers 503") {
  AccessFile file;
  EdgeStage stage({}, &file.log());
  RawPeer client = stage.client();
  stage.context.draining = true;
  client.send(upgrade_request());
  const LogLine line = refused(stage, file, client, 503);
  CHECK(line.cause() == "drain");
}

TEST_CASE("client refusals: an origin that cannot be had is 502, an answer that is none, too") {
  SUBCASE("nobody listens") {
    AccessFile file;
    EdgeStage stage(
        [](Document& document) {
          document.domains[0].origin.servers[0].port = RawListener().address().port();
        },
        &file.log());
    RawPeer client = stage.client(upgrade_request());
    const LogLine line = refused(stage, file, client, 502);
    CHECK(line.cause() == "origin_connect");
    CHECK(line.initiator() == "origin");
    CHECK(line["error_detail"].text().starts_with("127.0.0.1:"));
    // Where the origin is stays inside.
    CHECK(client.received.find("127.0.0.1") == std::string::npos);
  }
  SUBCASE("a wrong 101") {
    AccessFile file;
    EdgeStage stage({}, &file.log());
    RawPeer client = stage.client(upgrade_request());
    RawPeer origin = stage.asked();
    origin.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n");
    const LogLine line = refused(stage, file, client, 502);
    CHECK(line.cause() == "origin_bad_upgrade");
    CHECK(line["origin_addr"] == stage.origin.address().to_string());
    CHECK(stage.origin_failures(gateway::outcome::Cause::origin_bad_upgrade) == 1);
  }
}

TEST_CASE("client refusals: an origin that is silent is 504") {
  EdgeStage stage;
  RawPeer client = stage.client(upgrade_request());
  const RawPeer origin = stage.asked();
  stage.pass(31s);
  REQUIRE(readable(client.fd(), 5000));
  client.read();
  CHECK(status_of(client.received) == 504);
  CHECK(stage.answers(504) == 1);
}

TEST_CASE("client refusals: header_timeout is absolute and answered 408") {
  for (const std::string_view begun : {"", "GET /chat HT", "GET /chat HTTP/1.1\r\nHost: c"}) {
    CAPTURE(begun);
    EdgeStage stage;
    RawPeer client = stage.client();
    REQUIRE(stage.until([&] { return stage.clients.size() == 1; }));
    client.send(begun);
    stage.stage.settle();
    stage.pass(9s);
    CHECK_FALSE(readable(client.fd()));
    stage.pass(2s);
    REQUIRE(readable(client.fd(), 5000));
    client.read();
    CHECK(status_of(client.received) == 408);
    CHECK(stage.unmatched_answers(408) == 1);
    CHECK(stage.clients.size() == 1);
    stage.pass(6s);  // it does not go by itself
    CHECK(stage.clients.size() == 0);
  }
}

TEST_CASE("FY1 client refusals: an answer to HEAD has no body") {
  struct Row {
    int status;
    std::string text;
  };
  const std::string host = "Host: chat.example.com\r\n";
  for (const Row& row : {
           Row{426, "HEAD / HTTP/1.1\r\n" + host + "\r\n"},
           Row{404, "HEAD / HTTP/1.1\r\nHost: nobody.example.com\r\n\r\n"},
           Row{400, "HEAD / HTTP/1.1\r\n\r\n"},                     // no Host
           Row{400, "HEAD / HTTP/1.1\r\n" + host + host + "\r\n"},  // refused by the gate
           Row{400, "HEAD / HTTP/1.1\nHost"},                       // refused at this byte
           Row{414, "HEAD /" + std::string(9000, 'a')},
           Row{400, "HEAD" + upgrade_request().substr(3)},
           Row{426, "HEAD" + upgrade_request({.version = "8"}).substr(3)},
       }) {
    CAPTURE(row.text.substr(0, 60));
    EdgeStage stage;
    RawPeer client = stage.client(row.text);
    REQUIRE(stage.has(client, "\r\n\r\n"));
    CHECK((status_of(client.received) == row.status || status_of(client.received) == 400));
    CHECK(field_of(client.received, "Content-Length") != "0");
    CHECK(body_of(client.received).empty());
  }
  // Half of one, and one that looks like it.
  EdgeStage stage;
  RawPeer half = stage.client("HEAD / HTTP/1.1\r\nHost:");
  RawPeer other = stage.client("HEADS / HTTP/1.1\r\nHost:");
  REQUIRE(stage.until([&] { return stage.clients.size() == 2; }));
  stage.stage.settle();
  stage.pass(11s);
  for (RawPeer* peer : {&half, &other}) {
    REQUIRE(stage.answered(*peer));
    CHECK(status_of(peer->received) == 408);
  }
  CHECK(body_of(half.received).empty());
  CHECK_FALSE(body_of(other.received).empty());
}
