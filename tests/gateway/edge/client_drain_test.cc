#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "gateway/edge/client.h"
#include "tests/support/access_file.h"
#include "tests/support/edge_stage.h"
#include "tests/support/folder.h"

using namespace tests;
using namespace std::chrono_literals;

namespace {

void turn_all_away(EdgeStage& stage) {
  stage.context.draining = true;
  for (size_t i = stage.clients.size(); i > 0; --i) stage.clients.at(i - 1).turn_away();
}

}  // namespace

TEST_CASE("FY16 client drain: a drain sends who has said nothing a FIN, and no reset after it") {
  EdgeStage stage;
  RawPeer silent = stage.client();
  REQUIRE(stage.until([&] { return stage.clients.size() == 1; }));
  turn_all_away(stage);
  CHECK(stage.answered(silent));
  CHECK(silent.received.empty());
  // Its request crosses the FIN.
  silent.send(upgrade_request());
  stage.stage.settle();
  silent.send("and more");
  stage.stage.settle();
  CHECK(stage.clients.size() == 1);
  silent.ended = false;
  silent.read();
  CHECK(silent.ended);
  CHECK(silent.error == 0);
  stage.pass(3s);
  CHECK(stage.clients.size() == 0);
}

TEST_CASE("FY16 client drain: 1,000 requests in flight at the drain are all answered 503") {
  for (int round = 0; round < 10; ++round) {
    EdgeStage stage;
    std::vector<RawPeer> peers;
    const std::string whole = upgrade_request();
    // Some are accepted and unread, some have half a head, some stand in the listener's queue.
    for (int i = 0; i < 40; ++i) peers.push_back(stage.client());
    for (int i = 0; i < 30; ++i) peers.push_back(stage.client(whole.substr(0, 40)));
    REQUIRE(stage.until([&] { return stage.clients.size() == 70; }));
    stage.stage.settle();
    for (size_t i = 0; i < 40; ++i) peers[i].send(whole);
    for (int i = 0; i < 30; ++i) peers.push_back(stage.client(whole));
    stage.context.draining = true;
    stage.stop_listening();
    turn_all_away(stage);
    for (size_t i = 40; i < 70; ++i) peers[i].send(whole.substr(40));
    for (RawPeer& peer : peers) {
      REQUIRE(stage.answered(peer));
      CHECK(peer.error == 0);
      CHECK(status_of(peer.received) == 503);
      CHECK(body_of(peer.received) == "this node is being drained\n");
    }
  }
}

TEST_CASE("FY16 client drain: half a head hears 503 within header_timeout, or at the end") {
  for (const bool in_time : {true, false}) {
    CAPTURE(in_time);
    AccessFile file;
    EdgeStage stage({}, &file.log());
    RawPeer begun = stage.client("GET /");
    RawPeer asking = stage.client(upgrade_request());
    const RawPeer origin = stage.asked();
    REQUIRE(stage.until([&] { return stage.clients.size() == 2; }));
    stage.stage.settle();
    turn_all_away(stage);
    CHECK(stage.clients.size() == 2);
    if (in_time) {
      stage.pass(11s);
    } else {
      while (stage.clients.size() > 0) stage.clients.at(0).abort();
      REQUIRE(stage.answered(asking));
      CHECK(status_of(asking.received) == 503);
    }
    REQUIRE(stage.answered(begun));
    CHECK(begun.error == 0);
    CHECK(status_of(begun.received) == 503);
    for (const auto& line : file.lines()) {
      CHECK(line.cause() == "drain");
      CHECK(line.initiator() == "gateway");
    }
  }
}

TEST_CASE("client drain: a drain closes who has asked nothing, and nobody else") {
  EdgeStage stage;
  RawPeer silent = stage.client();
  RawPeer begun = stage.client("GET /");
  RawPeer asking = stage.client(upgrade_request());
  const RawPeer origin = stage.asked();
  REQUIRE(stage.until([&] { return stage.clients.size() == 3; }));
  stage.stage.settle();
  turn_all_away(stage);
  CHECK(stage.answered(silent));
  CHECK(silent.received.empty());
  silent.close();
  CHECK(stage.until([&] { return stage.clients.size() == 2; }));
}
