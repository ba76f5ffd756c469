// What the close line tells of the way, and what the other lines tell of the request.
#include <string>

#include <doctest/doctest.h>

#include "gateway/session/record.h"
#include "tests/support/access_file.h"
#include "tests/support/folder.h"
#include "tests/support/frames.h"
#include "tests/support/session_stage.h"

using namespace gateway::session;
using namespace tests;
using namespace std::chrono_literals;
using proto::ws::Opcode;

namespace {

LogLine last_line(AccessFile& file) {
  const auto lines = file.lines();
  REQUIRE_FALSE(lines.empty());
  return lines.back();
}

}  // namespace

TEST_CASE("FY19 close line: an idle session says nothing of what was not") {
  AccessFile file;
  {
    SessionStage stage({.access = &file.log()});
    stage.pass(1s);
    stage.session().abort();
  }
  const LogLine line = last_line(file);
  CHECK(line["paused_ms"] == 0);
  CHECK(line["peak_buffer"] == 0);
  for (const char* name :
       {"first_byte_ms", "rtt_ms", "paused_client_ms", "paused_origin_ms", "tls_version"}) {
    CAPTURE(name);
    CHECK_FALSE(line.contains(name));
  }
}

TEST_CASE("FY19 close line: when the origin's first byte came, after the 101") {
  AccessFile file;
  {
    SessionStage stage({.access = &file.log()});
    stage.client.send(from_client(Opcode::text, "hello"));
    stage.pass(250ms);
    stage.origin.send(from_origin(Opcode::text, "yes"));
    stage.pass(1s);
    stage.origin.send(from_origin(Opcode::text, "more"));
    stage.session().abort();
  }
  CHECK(last_line(file)["first_byte_ms"] == 250);
}

TEST_CASE("FY19 close line: the way of our last ping that was answered") {
  gateway::config::WebSocket settings;
  settings.keepalive = {.interval = 20s, .timeout = 10s};
  AccessFile file;
  {
    SessionStage stage({.settings = settings, .access = &file.log()});
    for (const milliseconds takes : {500ms, 80ms}) {
      // The next ping comes an interval after the last, not after its answer.
      stage.pass((takes == 80ms ? 19'500ms : 20s) + 8ms);
      const auto ping = stage.seen_by_client().back();
      REQUIRE(ping.opcode == Opcode::ping);
      stage.pass(takes);
      stage.client.send(from_client(Opcode::pong, ping.payload));
    }
    stage.session().abort();
  }
  const auto rtt = last_line(file)["rtt_ms"].number();
  CHECK(rtt >= 80);
  CHECK(rtt < 500);
}

TEST_CASE(
    "FY19 close line: how long the origin was not read because the client took nothing, and what "
    "stood in the queue") {
  AccessFile file;
  {
    SessionStage stage({.access = &file.log()});
    stage.client.set_room(0);
    stage.origin.send(from_origin(Opcode::binary, std::string(1000, 'x')));
    CHECK(stage.origin.paused());
    stage.pass(3s);
    stage.client.set_room(Peer::kEndless);
    stage.client.take();
    CHECK_FALSE(stage.origin.paused());
    stage.pass(2s);
    // And once more, until the end.
    stage.client.set_room(0);
    stage.origin.send(from_origin(Opcode::binary, std::string(100, 'x')));
    stage.pass(500ms);
    stage.session().abort();
  }
  const LogLine line = last_line(file);
  CHECK(line["paused_origin_ms"] == 3500);
  CHECK(line["paused_ms"] == 3500);
  CHECK_FALSE(line.contains("paused_client_ms"));
  CHECK(line["peak_buffer"] == 1004);  // with the frame's head
}

TEST_CASE("FY19 lines: the query is left out, or redacted on request; DCDN's names are all there") {
  gateway::session::HandshakeStory story;
  story.domain = "chat.example.com";
  story.query = "room=7&token=hush";
  story.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  story.user_agent = "probe/1.0";
  story.via = "1.1 front";
  story.server = *gateway::net::Address::parse("192.0.2.1", 443);
  Identity identity;
  identity.id = new_session_id();
  identity.client = *gateway::net::Address::parse("203.0.113.7", 40'000);
  identity.make_seldom().proxy = *gateway::net::Address::parse("10.0.0.9", 4000);
  for (const bool redacted : {false, true}) {
    AccessFile file;
    Scribe scribe{.access = &file.log(), .node = "node-1", .boot_id = "boot-1"};
    if (redacted) scribe.query = std::make_shared<const gateway::log::Redaction>();
    write_open(scribe, identity, story);
    write_refused(scribe, identity, story,
                  {.by = By::gateway, .cause = Cause::quota, .error = "no", .detail = {}});
    const auto lines = file.lines();
    REQUIRE(lines.size() == 2);
    for (const LogLine& line : lines) {
      CHECK(line.contains("uri_param") == redacted);
      if (redacted) CHECK(line["uri_param"] == "room=7&token=***");
      CHECK(line.dump().find("hush") == std::string::npos);
      CHECK(line["uuid"] == line["session_id"]);
      CHECK(line["client_ip"] == "203.0.113.7");
      CHECK(line["remote_ip"] == "10.0.0.9");
      CHECK(line["proxy_ip"] == "10.0.0.9");
      CHECK(line["via_info"] == "1.1 front");
      CHECK(line["user_agent"] == "probe/1.0");
      CHECK(line["traceparent"] == story.traceparent);
    }
  }
}
