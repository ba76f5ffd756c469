#include "gateway/outcome/failure.h"

#include <doctest/doctest.h>

using namespace gateway::outcome;

TEST_CASE("failure: a forward proxy stands for the origin, this node and its network for us") {
  CHECK(by_of(Blame::server) == By::origin);
  CHECK(by_of(Blame::proxy) == By::origin);
  CHECK(by_of(Blame::us) == By::gateway);
  CHECK(by_of(Blame::network) == By::gateway);
  CHECK(by_of(Blame::client) == By::client);
}

TEST_CASE("failure: unless it says otherwise it is the server's, and nobody else is asked") {
  const Failure failure;
  CHECK(failure.blame == Blame::server);
  CHECK(failure.retry == Retry::no);
  CHECK(failure.status == 502);
}
