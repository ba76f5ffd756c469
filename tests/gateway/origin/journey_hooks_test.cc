#include <string>

#include <doctest/doctest.h>

#include "gateway/origin/journey.h"
#include "tests/gateway/origin/journey_scene.h"

using namespace tests;
using namespace tests::journeys;

TEST_CASE("journey: a question hears when its connection stands, and says more behind the head") {
  JourneyScene scene;
  RawPeer origin = scene.start();
  REQUIRE(scene.question.sink != nullptr);
  scene.question.sink->write(proto::bytes_of("body"));
  CHECK_FALSE(scene.question.sink->congested());
  CHECK(scene.question.sink->queued() == 0);
  REQUIRE(scene.stage.run_until([&] {
    origin.read();
    return origin.received.ends_with("body");
  }));
  CHECK(scene.journey->trail().moved.out == kRequest.size() + 4);
}

TEST_CASE("journey: a sink that was congested says when it is no more") {
  JourneyScene scene;
  RawPeer origin = scene.start();
  const std::string much(size_t{1} << 22, 'x');
  for (int i = 0; i < 16 && !scene.question.sink->congested(); ++i)
    scene.question.sink->write(proto::bytes_of(much));
  REQUIRE(scene.question.sink->congested());
  CHECK(scene.question.sink->queued() > 0);
  REQUIRE(scene.stage.run_until([&] {
    origin.read();
    return scene.question.drains > 0;
  }));
  CHECK_FALSE(scene.question.sink->congested());
}

TEST_CASE("journey: before it is asked once more the sink is taken back") {
  JourneyScene scene;
  scene.start().close();
  scene.asked(scene.second).send("HTTP/1.1 200 OK\r\n\r\n");
  REQUIRE(scene.ended());
  CHECK(scene.question.in_vain == 1);
  CHECK(scene.question.last_unanswered == Unanswered::ended);
}

TEST_CASE("journey: interim answers are shown, and are none that ends it") {
  JourneyScene scene;
  RawPeer origin = scene.start();
  origin.send("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
  REQUIRE(scene.stage.run_until([&] { return scene.question.interim == "103 100 "; }));
  CHECK(scene.question.ends == 0);
  origin.send("HTTP/1.1 200 OK\r\n\r\n");
  CHECK(scene.ended());
}

TEST_CASE("journey: what a question takes comes with its head") {
  JourneyScene scene;
  scene.start().send("HTTP/1.1 200 OK\r\n\r\n");
  REQUIRE(scene.ended());
  CHECK(scene.question.status == 200);
  CHECK(scene.question.address_asked == "chat.example.com");
}

TEST_CASE("journey: an answer that yields is asked of another server, and is taken from the last") {
  JourneyScene scene;
  scene.question.otherwise = Verdict::yielding;
  RawPeer origin = scene.start();
  origin.send("HTTP/1.1 503 Busy\r\n\r\n");
  scene.asked(scene.second).send("HTTP/1.1 503 Busy\r\n\r\nmine");
  REQUIRE(scene.ended());
  CHECK(scene.question.status == 503);
  CHECK(scene.question.rest == "mine");
  CHECK(scene.question.backend == &scene.backend(1));
  CHECK(scene.journey->trail().retries == 1);
  CHECK(scene.backend(0).failures_in_a_row == 0);
  CHECK(scene.backend(1).failures_in_a_row == 0);
}

TEST_CASE("journey: a question that keeps the time itself is waited for until it gives up") {
  JourneyScene scene;
  scene.question.keep_time_itself();
  const RawPeer origin = scene.start();
  scene.stage.pass(1h);
  REQUIRE(scene.question.ends == 0);
  scene.question.repeatable = false;
  scene.journey->give_up("nothing came");
  REQUIRE(scene.question.ends == 1);
  CHECK(scene.question.failure->cause == Cause::origin_timeout);
  CHECK(scene.question.failure->status == 504);
  CHECK(scene.question.failure->why == "nothing came");
  CHECK(scene.question.last_unanswered == Unanswered::late);
}

TEST_CASE("journey: what is not held against a server is counted for it all the same") {
  JourneyScene scene;
  scene.question.repeatable = false;
  scene.question.held_against = false;
  scene.start().close();
  REQUIRE(scene.ended());
  CHECK(scene.backend(0).failures_in_a_row == 0);
  CHECK(scene.backend(0).failures[static_cast<size_t>(Cause::origin_bad_upgrade)] == 1);
}

TEST_CASE("journey: the trail can be kept beyond it") {
  JourneyScene scene;
  scene.start().close();
  scene.asked(scene.second).send("HTTP/1.1 200 OK\r\n\r\n");
  REQUIRE(scene.ended());
  const Trail trail = scene.journey->take_trail();
  scene.journey.reset();
  CHECK(trail.retries == 1);
  CHECK(trail.setbacks.find("closed the connection without an answer") != std::string::npos);
}
