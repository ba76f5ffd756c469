#include "gateway/outcome/cause.h"

#include <set>
#include <string>

#include <doctest/doctest.h>

using namespace gateway::outcome;

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
