#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "gateway/net/tcp_stream.h"
#include "tests/support/loop_stage.h"

using namespace tests;
using gateway::net::IoError;
using gateway::net::Pause;
using gateway::net::TcpStream;

namespace {

// Hears of a peer that leaves, too.
class Listening final : public gateway::net::Stream::Handler {
 public:
  void on_data(proto::Bytes bytes) override {
    data += proto::text_of(bytes);
    if (data_hook) data_hook();
  }
  void on_end() override { ++ends; }
  void on_drained() override {}
  void on_leaving() override {
    ++leavings;
    if (leaving_hook) leaving_hook();
  }
  void on_failed(const IoError& why) override {
    ++failures;
    error = why;
  }

  std::string data;
  int ends = 0;
  int leavings = 0;
  int failures = 0;
  IoError error;
  std::function<void()> data_hook;
  std::function<void()> leaving_hook;
};

struct LeavingScene {
  LeavingScene() {
    stream = std::make_unique<TcpStream>(stage.loop, std::move(connection.ours));
    stream->start(told);
  }
  RawPeer& peer() { return connection.peer; }
  // Until a write has met that the peer is gone.
  void write_in_vain() {
    REQUIRE(stage.run_until([&] {
      stream->write(proto::bytes_of("more"));
      stage.loop.post([] {});
      return stream->has_failed();
    }));
  }

  LoopStage stage;
  Connection connection = make_connection();
  Listening told;
  std::unique_ptr<TcpStream> stream;
};

}  // namespace

TEST_CASE(
    "E8 tcp stream: whoever has paused hears that the peer has ended, ahead of what it said") {
  LeavingScene scene;
  scene.stream->pause_reading(Pause::congestion);
  scene.peer().send("last words");
  scene.stage.settle();
  CHECK(scene.told.leavings == 0);
  scene.peer().shut();
  REQUIRE(scene.stage.run_until([&] { return scene.told.leavings > 0; }));
  CHECK(scene.told.ends == 0);
  scene.stream->resume_reading(Pause::congestion);
  REQUIRE(scene.stage.run_until([&] { return scene.told.ends == 1; }));
  CHECK(scene.told.data == "last words");
}

TEST_CASE(
    "E8 tcp stream: one that pauses behind an end that is known already hears of it as well") {
  LeavingScene scene;
  scene.told.data_hook = [&] { scene.stream->pause_reading(Pause::congestion); };
  scene.peer().send("last words");
  scene.peer().shut();
  REQUIRE(scene.stage.run_until([&] { return scene.told.leavings > 0; }));
  CHECK(scene.told.data == "last words");
  CHECK(scene.told.ends == 0);
}

TEST_CASE("E8 tcp stream: whoever has paused hears of a reset, and may destroy the stream for it") {
  LeavingScene scene;
  scene.stream->pause_reading(Pause::congestion);
  scene.told.leaving_hook = [&] { scene.stream.reset(); };
  scene.peer().reset();
  REQUIRE(scene.stage.run_until([&] { return scene.told.leavings > 0; }));
  scene.stage.settle();
  CHECK(scene.told.leavings == 1);
  CHECK(scene.told.failures == 0);
}

TEST_CASE("E8 tcp stream: without a pause a peer that leaves is an end and nothing else") {
  LeavingScene scene;
  scene.peer().shut();
  REQUIRE(scene.stage.run_until([&] { return scene.told.ends == 1; }));
  CHECK(scene.told.leavings == 0);
}

TEST_CASE("E6 tcp stream: a failed write is told behind what had come, and what had come is read") {
  LeavingScene scene;
  scene.peer().send("an answer");
  scene.peer().close();
  scene.write_in_vain();
  REQUIRE(scene.stage.run_until([&] { return scene.told.failures == 1; }));
  CHECK(scene.told.data == "an answer");
  CHECK(scene.told.error.doing == IoError::Doing::writing);
}

TEST_CASE("E6 tcp stream: a reader that pauses keeps what had come before a write failed") {
  LeavingScene scene;
  scene.stream->pause_reading(Pause::reader);
  scene.peer().send("an answer");
  scene.peer().close();
  scene.write_in_vain();
  scene.stage.settle();
  CHECK(scene.told.failures == 0);
  scene.stream->resume_reading(Pause::reader);
  REQUIRE(scene.stage.run_until([&] { return scene.told.failures == 1; }));
  CHECK(scene.told.data == "an answer");
}

TEST_CASE("E6 tcp stream: every other pause hears of a failed write at once") {
  LeavingScene scene;
  scene.stream->pause_reading(Pause::congestion);
  scene.peer().send("an answer");
  scene.peer().close();
  scene.write_in_vain();
  REQUIRE(scene.stage.run_until([&] { return scene.told.failures == 1; }));
  CHECK(scene.told.data.empty());
}
