#include "gateway/origin/journey.h"

#include <string>

#include <doctest/doctest.h>

#include "tests/gateway/origin/journey_scene.h"

using namespace tests;
using namespace tests::journeys;

TEST_CASE("journey: what the question takes is its own, with what came behind the head") {
  JourneyScene scene;
  RawPeer origin = scene.start();
  CHECK(origin.received == kRequest);
  CHECK(scene.backend(0).attempts == 1);
  origin.send("HTTP/1.1 200 OK\r\n\r\nstreamed");
  REQUIRE(scene.ended());
  CHECK(scene.question.stream != nullptr);
  CHECK(scene.question.rest == "streamed");
  CHECK(scene.question.backend == &scene.backend(0));
  const Trail& trail = scene.journey->trail();
  CHECK(trail.was_asked);
  CHECK(trail.address == scene.first.address());
  CHECK(trail.moved.out == kRequest.size());
  CHECK(trail.moved.in == std::string("HTTP/1.1 200 OK\r\n\r\n").size());
}

TEST_CASE("journey: a request that was not answered goes elsewhere only if it may be repeated") {
  for (const bool repeatable : {true, false}) {
    CAPTURE(repeatable);
    JourneyScene scene;
    scene.question.repeatable = repeatable;
    scene.start().close();
    if (repeatable) {
      scene.asked(scene.second).send("HTTP/1.1 200 OK\r\n\r\n");
      REQUIRE(scene.ended());
      CHECK(scene.question.backend == &scene.backend(1));
      CHECK(scene.journey->trail().retries == 1);
    } else {
      REQUIRE(scene.ended());
      REQUIRE(scene.question.failure);
      CHECK(scene.question.failure->retry == Retry::no);
      CHECK_FALSE(readable(scene.second.fd()));
    }
    CHECK(scene.backend(0).failures_in_a_row == 1);
  }
}

TEST_CASE("journey: it is the question that says what a status means") {
  for (const Verdict verdict : {Verdict::answered, Verdict::failing}) {
    JourneyScene scene;
    scene.question.otherwise = verdict;
    RawPeer origin = scene.start();
    origin.send("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy");
    if (verdict == Verdict::failing) {
      scene.asked(scene.second).send("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nsame");
      REQUIRE(scene.ended());
      CHECK(scene.question.body == "same");
      CHECK(scene.backend(0).failures_in_a_row == 1);
    } else {
      REQUIRE(scene.ended());
      CHECK(scene.question.body == "busy");
      CHECK(scene.backend(0).failures_in_a_row == 0);
    }
    CHECK(scene.question.status == 503);
  }
}

TEST_CASE("journey: an answer that is none for the question is asked of nobody else") {
  JourneyScene scene;
  RawPeer origin = scene.start();
  origin.send("HTTP/1.1 400 No\r\n\r\n");
  REQUIRE(scene.ended());
  REQUIRE(scene.question.failure);
  CHECK(scene.question.failure->why == "no answer at all");
  CHECK(scene.question.failure->cause == Cause::origin_bad_upgrade);
  CHECK(scene.question.failure->retry == Retry::no);
}

TEST_CASE("journey: whoever gives up on the way holds nothing against the server") {
  JourneyScene scene;
  const RawPeer origin = scene.start();
  scene.journey.reset();
  CHECK(scene.question.ends == 0);
  CHECK(scene.backend(0).attempts == 0);
  CHECK(scene.backend(0).failures_in_a_row == 0);
}
