#include <string>

#include <doctest/doctest.h>

#include "tests/gateway/origin/fake_origin.h"
#include "tests/gateway/origin/journey_scene.h"

using namespace tests;
using namespace tests::journeys;
using gateway::outcome::Sticky;

namespace {

struct StickyJourney : JourneyScene {
  StickyJourney() : JourneyScene("      sticky: cookie\n") {}
};

}  // namespace

TEST_CASE("K2 journey: the question is given the cookie with the answer, and the trail says so") {
  StickyJourney scene;
  RawPeer origin = scene.start();
  origin.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  REQUIRE(scene.ended());
  const auto& sticky = scene.snapshot->pools.front()->sticky;
  CHECK(scene.question.sticky.starts_with("Set-Cookie: " + sticky.cookie + "=" + sticky.ids[0]));
  CHECK(scene.journey->trail().sticky == Sticky::made);
}

TEST_CASE("K3 journey: the cookie names the server that has answered, and no other") {
  StickyJourney scene;
  scene.journey->start();
  // The first takes the connection and drops it, so that the second answers.
  RawPeer dropped = scene.asked(scene.first);
  dropped.close();
  RawPeer origin = scene.asked(scene.second);
  origin.send("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  REQUIRE(scene.ended());
  CHECK(scene.question.status == 404);
  const auto& sticky = scene.snapshot->pools.front()->sticky;
  CHECK(scene.question.sticky.starts_with("Set-Cookie: " + sticky.cookie + "=" + sticky.ids[1]));
}

TEST_CASE("K2 journey: without sticky there is nothing to give") {
  JourneyScene scene;
  RawPeer origin = scene.start();
  origin.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  REQUIRE(scene.ended());
  CHECK(scene.question.sticky.empty());
  CHECK(scene.journey->trail().sticky == Sticky::none);
}
