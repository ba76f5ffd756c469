#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "gateway/session/record.h"
#include "tests/support/access_file.h"
#include "tests/support/folder.h"

using namespace tests;
using gateway::config::AccessLog;
using gateway::session::Identity;

namespace {

Identity behind_a_balancer() {
  Identity identity;
  identity.client = *gateway::net::Address::parse("203.0.113.7", 4711);
  identity.make_seldom().proxy = *gateway::net::Address::parse("2001:db8::10", 50'000);
  identity.path = "/chat";
  return identity;
}

// The line that is written.
std::string refused(const Identity& identity, AccessLog::Format format) {
  const Folder folder;
  auto log = std::make_unique<gateway::log::AccessLog>(folder.file("access.log"));
  gateway::session::HandshakeStory story;
  story.method = "GET";
  story.host = "chat.example.com";
  story.status = 404;
  write_refused({log.get(), "node-1", "boot-1", format}, identity, story,
                {.by = gateway::outcome::By::client,
                 .cause = gateway::outcome::Cause::no_route,
                 .error = "no domain",
                 .detail = {}});
  log.reset();  // which waits for the thread that writes
  return folder.read("access.log");
}

}  // namespace

TEST_CASE("record: who sent the PROXY header stands beside the client that it names") {
  const auto line = LogLine::parse(refused(behind_a_balancer(), AccessLog::Format::json));
  CHECK(line["client_ip"] == "203.0.113.7");
  CHECK(line["remote_port"] == 4711);
  CHECK(line["proxy_ip"] == "2001:db8::10");
}

TEST_CASE("record: DCDN's line has it behind the client, and a dash without one") {
  Identity identity = behind_a_balancer();
  CHECK(refused(identity, AccessLog::Format::dcdn).find("] 203.0.113.7 2001:db8::10 ") !=
        std::string::npos);
  identity.seldom.reset();
  CHECK(refused(identity, AccessLog::Format::dcdn).find("] 203.0.113.7 - ") != std::string::npos);
}
