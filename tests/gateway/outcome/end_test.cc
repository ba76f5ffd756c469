#include "gateway/outcome/end.h"

#include <set>
#include <string>

#include <doctest/doctest.h>

using namespace gateway::outcome;

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
