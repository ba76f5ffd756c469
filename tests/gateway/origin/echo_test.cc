#include "gateway/origin/echo.h"

#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/frames.h"
#include "tests/support/loop_stage.h"

using namespace tests;
using gateway::net::Pause;
using gateway::origin::Echo;
using proto::ws::CloseCode;
using proto::ws::Opcode;

namespace {

struct Scene {
  Scene() { echo->start(told); }
  void write(const std::vector<uint8_t>& wire) { echo->write(wire); }
  std::vector<ReadFrame> frames() {
    return read_frames(proto::bytes_of(told.data), proto::ws::Sender::server);
  }
  bool until(const std::function<bool()>& happened) { return stage.run_until(happened); }

  LoopStage stage;
  Recorder told;
  std::unique_ptr<Echo> echo = std::make_unique<Echo>(stage.loop);
};

}  // namespace

TEST_CASE("echo: sends every message back, unmasked, from the loop") {
  Scene scene;
  scene.write(from_client(Opcode::text, "hello"));
  scene.write(from_client(Opcode::binary, std::string(70'000, 'x')));
  CHECK(scene.told.reads == 0);
  REQUIRE(
      scene.until([&] { return scene.told.data.size() > 70'000 && scene.frames().size() == 2; }));
  const auto frames = scene.frames();
  CHECK(frames[0].payload == "hello");
  CHECK(frames[0].opcode == Opcode::text);
  CHECK_FALSE(frames[0].masked);
  CHECK(frames[1].payload == std::string(70'000, 'x'));
  CHECK(frames[1].opcode == Opcode::binary);
}

TEST_CASE("echo: answers a Ping, and leaves a Pong alone") {
  Scene scene;
  scene.write(from_client(Opcode::pong, "unasked"));
  scene.write(from_client(Opcode::ping, "are you there"));
  REQUIRE(scene.until([&] { return scene.told.reads > 0; }));
  scene.stage.settle();
  REQUIRE(scene.frames().size() == 1);
  CHECK(scene.frames()[0].opcode == Opcode::pong);
  CHECK(scene.frames()[0].payload == "are you there");
}

TEST_CASE("echo: answers a Close with its code, then ends, and takes nothing more") {
  Scene scene;
  scene.write(client_close(CloseCode{4000}, "done"));
  scene.write(from_client(Opcode::text, "too late"));
  REQUIRE(scene.until([&] { return scene.told.ends == 1; }));
  REQUIRE(scene.frames().size() == 1);
  CHECK(scene.frames()[0].code() == CloseCode{4000});
  scene.stage.settle();
  CHECK(scene.told.ends == 1);
}

TEST_CASE("echo: a message that is too big is 1009, one that breaks the rules 1002") {
  Scene big;
  big.write(from_client(Opcode::binary, std::string(Echo::kMaxMessage + 1, 'x')));
  REQUIRE(big.until([&] { return big.told.ends == 1; }));
  CHECK(big.frames().back().code() == CloseCode::message_too_big);
  Scene bad;
  bad.write(from_origin(Opcode::text, "unmasked"));
  REQUIRE(bad.until([&] { return bad.told.ends == 1; }));
  CHECK(bad.frames().back().code() == CloseCode::protocol_error);
}

TEST_CASE("echo: is congested while its answers are not read, and says when they are") {
  Scene scene;
  scene.echo->pause_reading(Pause::congestion);
  const auto message = from_client(Opcode::binary, std::string(50'000, 'x'));
  scene.write(message);
  CHECK_FALSE(scene.echo->congested());
  scene.write(message);
  CHECK(scene.echo->congested());
  scene.stage.settle();
  CHECK(scene.told.reads == 0);
  scene.echo->resume_reading(Pause::congestion);
  CHECK(scene.told.reads == 0);
  REQUIRE(scene.until([&] { return scene.told.drains == 1; }));
  CHECK_FALSE(scene.echo->congested());
  CHECK(scene.frames().size() == 2);
}

TEST_CASE("echo: says that it has drained even when its answers were read before a pause") {
  Scene scene;
  scene.told.data_hook = [&] { scene.echo->pause_reading(Pause::congestion); };
  scene.write(from_client(Opcode::binary, std::string(100'000, 'x')));
  REQUIRE(scene.until([&] { return scene.told.reads == 1; }));
  scene.stage.settle();
  CHECK(scene.told.drains == 0);
  CHECK(scene.echo->congested());
  scene.echo->resume_reading(Pause::congestion);
  REQUIRE(scene.until([&] { return scene.told.drains == 1; }));
}

TEST_CASE("echo: a write while it is congested does not swallow that it has drained") {
  Scene scene;
  scene.told.data_hook = [&] {
    if (scene.told.reads == 1) scene.write(from_client(Opcode::text, "small"));
  };
  scene.write(from_client(Opcode::binary, std::string(100'000, 'x')));
  REQUIRE(scene.until([&] { return scene.told.drains == 1; }));
  CHECK(scene.frames().size() == 2);
}

TEST_CASE("echo: may be destroyed inside each of its callbacks") {
  {
    Scene scene;
    scene.told.data_hook = [&] { scene.echo.reset(); };
    scene.write(from_client(Opcode::text, "x"));
    REQUIRE(scene.until([&] { return scene.echo == nullptr; }));
    scene.stage.settle();
  }
  {
    Scene scene;
    scene.told.end_hook = [&] { scene.echo.reset(); };
    scene.echo->end();
    REQUIRE(scene.until([&] { return scene.echo == nullptr; }));
    scene.stage.settle();
  }
  {
    Scene scene;
    scene.told.drained_hook = [&] { scene.echo.reset(); };
    scene.write(from_client(Opcode::binary, std::string(100'000, 'x')));
    REQUIRE(scene.until([&] { return scene.echo == nullptr; }));
    scene.stage.settle();
  }
}
