#include "gateway/edge/listener.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/edge_stage.h"

using namespace tests;

TEST_CASE("listener: counts who comes and who is there") {
  EdgeStage stage;
  RawPeer first = stage.client();
  RawPeer second = stage.client();
  REQUIRE(stage.until([&] { return stage.clients.size() == 2; }));
  CHECK(stage.gate().accepted.value() == 2);
  CHECK(stage.gate().active.value() == 2);
  CHECK(stage.admission.held() == 2);
  first.close();
  REQUIRE(stage.until([&] { return stage.clients.size() == 1; }));
  stage.stage.settle();
  CHECK(stage.gate().active.value() == 1);
  CHECK(stage.gate().accepted.value() == 2);
}

TEST_CASE("listener: beyond limits.max_connections a client is answered 503 at once") {
  EdgeStage stage;
  stage.admission.set_limit(1);
  RawPeer first = stage.client();
  REQUIRE(stage.until([&] { return stage.clients.size() == 1; }));
  RawPeer second = stage.client();
  REQUIRE(stage.answered(second));
  CHECK(status_of(second.received) == 503);
  CHECK(body_of(second.received) == "limits.max_connections is reached on this node\n");
  CHECK(stage.gate().rejected[0].value() == 1);
  CHECK(stage.clients.size() == 1);
  // The place is given back.
  first.close();
  REQUIRE(stage.until([&] { return stage.admission.held() == 0; }));
  RawPeer third = stage.client();
  CHECK(stage.until([&] { return stage.clients.size() == 1; }));
}

TEST_CASE("listener: a TLS port without any certificate closes what comes") {
  EdgeStage stage;
  RawPeer client = stage.tls_client();
  REQUIRE(stage.answered(client));
  CHECK(client.received.empty());
  CHECK(stage.gate().rejected[0].value() == 1);
  CHECK(stage.clients.size() == 0);
}

TEST_CASE("listener: who is in the queue when it stops is still served") {
  EdgeStage stage;
  RawPeer first = stage.client();
  REQUIRE(stage.until([&] { return stage.clients.size() == 1; }));
  std::vector<RawPeer> waiting;
  for (int i = 0; i < 5; ++i) waiting.push_back(stage.client(upgrade_request({.version = "8"})));
  stage.stop_listening();
  for (RawPeer& client : waiting) {
    REQUIRE(stage.answered(client));
    CHECK(status_of(client.received) == 426);
  }
  CHECK_FALSE(stage.client());
}
