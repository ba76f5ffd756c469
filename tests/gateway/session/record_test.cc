#include "gateway/session/record.h"

#include <set>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/access_file.h"
#include "tests/support/folder.h"

using namespace tests;
using namespace std::chrono_literals;
using namespace gateway::session;
using gateway::outcome::By;
using gateway::outcome::Cause;

namespace {

Identity some_identity() {
  Identity identity;
  identity.id = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xfe, 0, 0, 0, 0, 0, 0, 0x10};
  identity.client = *gateway::net::Address::parse("203.0.113.7", 40'000);
  identity.origin = *gateway::net::Address::parse("2001:db8::5", 8443);
  identity.path = "/chat";
  identity.client_tls = true;
  identity.origin_tls = true;
  return identity;
}

HandshakeStory some_story() {
  HandshakeStory story;
  story.domain = "chat.example.com";
  story.method = "GET";
  story.host = "chat.example.com";
  story.user_agent = "probe/1.0";
  story.origin_header = "https://chat.example.com";
  story.http_version = "1.1";
  story.subprotocol = "chat";
  story.extensions = "permessage-deflate";
  story.tls_version = "TLSv1.3";
  story.tls_cipher = "TLS_AES_128_GCM_SHA256";
  story.sni = "chat.example.com";
  story.tls_resumed = true;
  story.status = 101;
  story.generation = 3;
  story.handshake = 12ms;
  story.origin_connect = 5ms;
  story.server = *gateway::net::Address::parse("192.0.2.1", 443);
  story.listener = "public-tls";
  return story;
}

Scribe scribe_of(AccessFile& file) { return {&file.log(), "node-1", "boot-1"}; }

LogLine only_line(AccessFile& file) {
  const auto lines = file.lines();
  REQUIRE(lines.size() == 1);
  return lines[0];
}

}  // namespace

TEST_CASE("record: a session's name is 32 hex digits, and another one each time") {
  CHECK(to_string(some_identity().id) == "0123456789abcdeffe00000000000010");
  std::set<SessionId> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(new_session_id());
  CHECK(seen.size() == 1000);
}

TEST_CASE("record: the open line says how the handshake went") {
  AccessFile file;
  write_open(scribe_of(file), some_identity(), some_story());
  const LogLine line = only_line(file);
  CHECK(line["event"] == "open");
  CHECK(line["node"] == "node-1");
  CHECK(line["boot_id"] == "boot-1");
  CHECK(line["session_id"] == "0123456789abcdeffe00000000000010");
  CHECK(line["domain"] == "chat.example.com");
  CHECK(line["scheme"] == "wss");
  CHECK(line["uri"] == "/chat");
  CHECK(line["client_ip"] == "203.0.113.7");
  CHECK(line["remote_port"] == 40'000);
  CHECK(line["server_addr"] == "192.0.2.1");
  CHECK(line["server_port"] == 443);
  CHECK(line["listener"] == "public-tls");
  CHECK(line["origin_addr"] == "[2001:db8::5]:8443");
  CHECK(line["origin_scheme"] == "https");
  CHECK(line["tls_version"] == "TLSv1.3");
  CHECK(line["tls_resumed"] == true);
  CHECK(line["subprotocol"] == "chat");
  CHECK(line["extensions"] == "permessage-deflate");
  CHECK(line["return_code"] == 101);
  CHECK(line["handshake_ms"] == 12);
  CHECK(line["origin_connect_ms"] == 5);
  CHECK(line["config_generation"] == 3);
  const auto seconds = line["unixtime"].number();
  CHECK(line["unixtime_ms"].number() / 1000 == seconds);
}

TEST_CASE("record: what there is nothing to say of is left out") {
  AccessFile file;
  Identity identity = some_identity();
  identity.origin = {};
  identity.client_tls = false;
  HandshakeStory story;
  story.listener = "public";
  write_refused(scribe_of(file), identity, story,
                {.by = By::client, .cause = Cause::bad_request, .error = "no head", .detail = {}});
  const LogLine line = only_line(file);
  CHECK(line["domain"] == "_unmatched");
  CHECK(line["scheme"] == "ws");
  for (const char* name : {"origin_addr", "origin_scheme", "method", "host", "user_agent", "sni",
                           "origin_header", "http_version", "tls_version", "tls_cipher",
                           "tls_resumed", "subprotocol", "extensions", "error_detail"}) {
    CAPTURE(name);
    CHECK_FALSE(line.contains(name));
  }
}

TEST_CASE("record: the refused line says whose doing it was and why, in the words of the body") {
  AccessFile file;
  HandshakeStory story = some_story();
  story.status = 502;
  write_refused(scribe_of(file), some_identity(), story,
                {.by = By::origin,
                 .cause = Cause::origin_connect,
                 .error = "the origin refuses connections",
                 .detail = "10.0.0.5:80: connection refused"});
  const LogLine line = only_line(file);
  CHECK(line["event"] == "refused");
  CHECK(line["return_code"] == 502);
  CHECK(line["close_initiator"] == "origin");
  CHECK(line["close_cause"] == "origin_connect");
  CHECK(line["close_stage"] == "connecting");
  CHECK(line["term"] == "ON");
  CHECK(line["error"] == "the origin refuses connections");
  CHECK(line["error_detail"] == "10.0.0.5:80: connection refused");
}

TEST_CASE("record: what peers send cannot break a line or begin another") {
  AccessFile file;
  HandshakeStory story = some_story();
  const std::string agent = "a\"b\\c\nd\x01\xff{\"event\":\"open\"}";
  story.user_agent = agent;
  const std::string long_host(10'000, 'h');
  story.host = long_host;
  write_open(scribe_of(file), some_identity(), story);
  const LogLine line = only_line(file);
  CHECK(line["user_agent"] == "a\"b\\c\nd\x01\xef\xbf\xbd{\"event\":\"open\"}");
  CHECK(line["host"].text().size() <= 2048);
}

TEST_CASE("record: without an access log nothing is written") {
  write_open({}, some_identity(), some_story());
  write_refused({}, some_identity(), some_story(),
                {.by = By::client, .cause = Cause::no_route, .error = "none", .detail = {}});
}
