#include "gateway/log/session_end.h"

#include <set>
#include <string>

#include <doctest/doctest.h>

using namespace gateway::log;

TEST_CASE("session end: every cause has a name of its own") {
  std::set<std::string> names;
  for (size_t cause = 0; cause < kCauses; ++cause) {
    names.emplace(to_string(static_cast<Cause>(cause)));
  }
  CHECK(names.size() == kCauses);
  CHECK_FALSE(names.contains(""));
  CHECK(to_string(Cause::client_close) == "client_close");
  CHECK(to_string(Cause::internal) == "internal");
  CHECK(to_string(Cause::message_too_big) == "message_too_big");
  CHECK(to_string(Cause::proxy_header) == "proxy_header");
  CHECK(to_string(Cause::bad_request) == "bad_request");
  CHECK(to_string(Cause::loop) == "loop");
  CHECK(to_string(Cause::origin_refused_upgrade) == "origin_refused_upgrade");
}

TEST_CASE("session end: sides and stages have theirs") {
  CHECK(to_string(By::client) == "client");
  CHECK(to_string(By::gateway) == "gateway");
  CHECK(to_string(Stage::connecting) == "connecting");
  CHECK(to_string(Stage::closing) == "closing");
  CHECK(to_string(Stage::closed) == "closed");
}

TEST_CASE("FX15 session end: who and how far in two letters, each pair its own") {
  std::set<std::string> terms;
  for (const By by : {By::client, By::origin, By::gateway}) {
    for (size_t stage = 0; stage < kStages; ++stage)
      terms.insert(termination(by, static_cast<Stage>(stage)));
  }
  CHECK(terms.size() == 3 * kStages);
  CHECK(termination(By::gateway, Stage::closing) == "WC");
  CHECK(termination(By::client, Stage::connecting) == "CN");
  CHECK(termination(By::origin, Stage::upgrading) == "OU");
  CHECK(termination(By::client, Stage::closed) == "CD");
}
