#include "gateway/net/tcp_stream.h"

#include <array>
#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/loop_stage.h"

using namespace tests;
using gateway::net::IoError;
using gateway::net::Pause;
using gateway::net::TcpStream;

namespace {

constexpr int kNarrow = 4096;

std::string pattern(size_t size) {
  std::string text(size, '\0');
  for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i * 7 % 26);
  return text;
}

// A stream with its peer and what it told.
struct StreamScene {
  explicit StreamScene(int receive_buffer = 0) : connection(make_connection(receive_buffer)) {
    stream = std::make_unique<TcpStream>(stage.loop, std::move(connection.ours));
    stream->start(told);
  }
  RawPeer& peer() { return connection.peer; }
  void write(std::string_view text) { stream->write(proto::bytes_of(text)); }
  bool until(const std::function<bool()>& happened) { return stage.run_until(happened); }
  // Reads at the peer until the condition holds.
  bool peer_until(const std::function<bool()>& happened) {
    return stage.run_until([&] {
      peer().read();
      if (!happened()) stage.loop.post([] {});  // the peer's socket is in no set: turn again
      return happened();
    });
  }

  LoopStage stage;
  Connection connection;
  Recorder told;
  std::unique_ptr<TcpStream> stream;
};

}  // namespace

TEST_CASE("tcp stream: reads what comes, in order, and then the end") {
  StreamScene scene;
  scene.peer().send("one ");
  REQUIRE(scene.until([&] { return scene.told.data == "one "; }));
  scene.peer().send("two");
  scene.peer().shut();
  REQUIRE(scene.until([&] { return scene.told.ends == 1; }));
  CHECK(scene.told.data == "one two");
  scene.stage.settle();
  CHECK(scene.told.ends == 1);
  CHECK(scene.told.failures == 0);
}

TEST_CASE("tcp stream: tells nothing before start, and then all that has come") {
  LoopStage stage;
  Connection connection = make_connection();
  TcpStream stream(stage.loop, std::move(connection.ours));
  connection.peer.send("early");
  connection.peer.shut();
  stage.settle();
  Recorder told;
  stream.start(told);
  CHECK(told.reads == 0);
  REQUIRE(stage.run_until([&] { return told.ends == 1; }));
  CHECK(told.data == "early");
}

TEST_CASE("tcp stream: more than many reads can hold comes whole") {
  StreamScene scene;
  const std::string text = pattern(3'000'000);
  size_t sent = 0;
  REQUIRE(scene.until([&] {
    sent += scene.peer().send(std::string_view(text).substr(sent));
    if (scene.told.data.size() < text.size()) scene.stage.loop.post([] {});
    return scene.told.data.size() == text.size();
  }));
  CHECK(scene.told.data == text);
}

TEST_CASE("tcp stream: what the socket refuses is queued, and drained once") {
  StreamScene scene(kNarrow);
  const std::string text = pattern(8'000'000);
  scene.write(text);
  CHECK(scene.stream->congested());
  CHECK(scene.stream->queued() > 0);
  scene.write("and this");
  CHECK(scene.told.drains == 0);
  REQUIRE(scene.peer_until([&] { return scene.peer().received.size() == text.size() + 8; }));
  CHECK(scene.peer().received == text + "and this");
  REQUIRE(scene.until([&] { return scene.told.drains == 1; }));
  CHECK_FALSE(scene.stream->congested());
  CHECK(scene.stream->queued() == 0);
}

TEST_CASE("tcp stream: parts come in order, whether the socket takes them or not") {
  StreamScene scene(kNarrow);
  const std::string large = pattern(3'000'000);
  const auto write = [&](std::string_view first, std::string_view second, std::string_view third) {
    const std::array<gateway::net::Bytes, 3> parts{proto::bytes_of(first), proto::bytes_of(second),
                                                   proto::bytes_of(third)};
    scene.stream->write_all(parts);
  };
  write("a", "", "b");
  write("size", large, "end");
  CHECK(scene.stream->congested());
  write("behind", "the", "queue");
  const std::string all = "absize" + large + "endbehindthequeue";
  REQUIRE(scene.peer_until([&] { return scene.peer().received.size() == all.size(); }));
  CHECK(scene.peer().received == all);
}

TEST_CASE("tcp stream: one read takes no more than it may") {
  StreamScene scene;
  scene.stream->read_at_most(1500);  // whole steps alone: 1024
  scene.peer().send(pattern(10'000));
  scene.told.data_hook = [&] {
    if (scene.told.reads == 1) CHECK(scene.told.data.size() == 1024);
    scene.stream->read_at_most(0);
  };
  REQUIRE(scene.until([&] { return scene.told.data.size() == 10'000; }));
  CHECK(scene.told.data == pattern(10'000));
}

TEST_CASE("tcp stream: end follows the queue, and nothing is taken after it") {
  StreamScene scene(kNarrow);
  const std::string text = pattern(4'000'000);
  scene.write(text);
  scene.stream->end();
  scene.write("too late");
  REQUIRE(scene.peer_until([&] { return scene.peer().ended; }));
  CHECK(scene.peer().received == text);
  // Reading goes on.
  scene.peer().send("still here");
  REQUIRE(scene.until([&] { return scene.told.data == "still here"; }));
}

TEST_CASE("tcp stream: a peer that has shut its side still reads, and the drain is told") {
  StreamScene scene(kNarrow);
  scene.peer().shut();
  REQUIRE(scene.until([&] { return scene.told.ends == 1; }));
  const std::string text = pattern(4'000'000);
  scene.write(text);
  REQUIRE(scene.stream->congested());
  REQUIRE(scene.peer_until([&] { return scene.peer().received.size() == text.size(); }));
  REQUIRE(scene.until([&] { return scene.told.drains == 1; }));
}

TEST_CASE("tcp stream: a reset is told once, in words") {
  StreamScene scene;
  scene.peer().reset();
  REQUIRE(scene.until([&] { return scene.told.failures == 1; }));
  CHECK(scene.told.error.code == UV_ECONNRESET);
  CHECK(scene.told.error.text == "connection reset by peer");
  CHECK(scene.told.error.doing == IoError::Doing::reading);
  CHECK(scene.told.ends == 0);
  scene.stage.settle();
  CHECK(scene.told.failures == 1);
}

TEST_CASE("tcp stream: a reset is told even after the end") {
  StreamScene scene(kNarrow);
  scene.peer().shut();
  REQUIRE(scene.until([&] { return scene.told.ends == 1; }));
  scene.write(pattern(4'000'000));
  REQUIRE(scene.stream->congested());
  scene.peer().reset();
  REQUIRE(scene.until([&] { return scene.told.failures == 1; }));
  CHECK(scene.told.drains == 0);
  CHECK(scene.told.ends == 1);
}

TEST_CASE(
    "tcp stream: a write that fails is told by the loop, and its bytes never count as taken") {
  StreamScene scene;
  scene.peer().reset();
  // The kernel learns of the reset at once over loopback; the stream has not looked yet.
  scene.write("into the void");
  CHECK(scene.told.failures == 0);
  CHECK(scene.stream->queued() == 13);
  scene.write("again");
  CHECK(scene.stream->queued() == 18);
  CHECK_FALSE(scene.stream->congested());
  REQUIRE(scene.until([&] { return scene.told.failures == 1; }));
  CHECK(scene.told.drains == 0);
}

TEST_CASE("tcp stream: a write that meets a reset takes nothing from what came before it") {
  StreamScene scene;
  scene.peer().send("last words");
  scene.peer().reset();
  scene.write("into the void");
  REQUIRE(scene.until([&] { return scene.told.failures == 1; }));
  CHECK(scene.told.data == "last words");
  CHECK(scene.told.error.doing == IoError::Doing::writing);
}

TEST_CASE("tcp stream: a queue that is lost with the connection never counts as taken") {
  StreamScene scene(kNarrow);
  scene.write(pattern(4'000'000));
  const size_t queued = scene.stream->queued();
  REQUIRE(queued > 0);
  scene.peer().reset();
  REQUIRE(scene.until([&] { return scene.told.failures == 1; }));
  CHECK(scene.stream->queued() > 0);
  CHECK(scene.stream->queued() <= queued);
}

TEST_CASE("tcp stream: while paused nothing is told, and nothing is missed afterwards") {
  StreamScene scene;
  scene.stream->pause_reading(Pause::congestion);
  scene.peer().send("one");
  scene.stage.settle();
  CHECK(scene.told.reads == 0);
  scene.stream->resume_reading(Pause::congestion);
  CHECK(scene.told.reads == 0);  // never from inside a call
  REQUIRE(scene.until([&] { return scene.told.data == "one"; }));

  scene.stream->pause_reading(Pause::congestion);
  scene.peer().send("two");
  scene.peer().shut();
  scene.stage.settle();
  CHECK(scene.told.ends == 0);
  scene.stream->resume_reading(Pause::congestion);
  REQUIRE(scene.until([&] { return scene.told.ends == 1; }));
  CHECK(scene.told.data == "onetwo");
}

TEST_CASE("tcp stream: reading goes on when the last reason for a pause has gone") {
  StreamScene scene;
  scene.stream->pause_reading(Pause::early);
  scene.stream->pause_reading(Pause::congestion);
  scene.stream->pause_reading(Pause::congestion);
  scene.peer().send("one");
  scene.stage.settle();
  scene.stream->resume_reading(Pause::congestion);
  scene.stage.settle();
  CHECK(scene.told.reads == 0);
  scene.stream->resume_reading(Pause::early);
  REQUIRE(scene.until([&] { return scene.told.data == "one"; }));
}

TEST_CASE("tcp stream: a pause inside a read stops the next one") {
  StreamScene scene;
  scene.told.data_hook = [&] { scene.stream->pause_reading(Pause::congestion); };
  const std::string text = pattern(1'000'000);
  const size_t sent = scene.peer().send(text);
  scene.stage.settle();
  CHECK(scene.told.reads == 1);
  REQUIRE(scene.until([&] {
    scene.stream->resume_reading(Pause::congestion);
    scene.stage.loop.post([] {});
    return scene.told.data.size() == sent;
  }));
  CHECK(scene.told.data == text.substr(0, sent));
}

TEST_CASE("tcp stream: may be destroyed inside each of its callbacks") {
  {
    StreamScene scene;
    scene.told.data_hook = [&] { scene.stream.reset(); };
    scene.peer().send("x");
    REQUIRE(scene.until([&] { return scene.stream == nullptr; }));
    REQUIRE(scene.peer_until([&] { return scene.peer().ended; }));
  }
  {
    StreamScene scene;
    scene.told.end_hook = [&] { scene.stream.reset(); };
    scene.peer().shut();
    REQUIRE(scene.until([&] { return scene.stream == nullptr; }));
  }
  {
    StreamScene scene;
    scene.told.failed_hook = [&] { scene.stream.reset(); };
    scene.peer().reset();
    REQUIRE(scene.until([&] { return scene.stream == nullptr; }));
  }
  {
    StreamScene scene(kNarrow);
    scene.told.drained_hook = [&] { scene.stream.reset(); };
    scene.write(pattern(8'000'000));
    REQUIRE(scene.stream->congested());
    REQUIRE(scene.peer_until([&] { return scene.stream == nullptr; }));
  }
}

TEST_CASE("tcp stream: one that is destroyed hears nothing of what was ready with it") {
  LoopStage stage;
  Connection first = make_connection();
  Connection second = make_connection();
  Recorder told_first;
  Recorder told_second;
  auto one = std::make_unique<TcpStream>(stage.loop, std::move(first.ours));
  auto two = std::make_unique<TcpStream>(stage.loop, std::move(second.ours));
  one->start(told_first);
  two->start(told_second);
  stage.settle();
  // Both are ready in the same batch: whichever comes first takes the other away.
  told_first.data_hook = [&] { two.reset(); };
  told_second.data_hook = [&] { one.reset(); };
  first.peer.send("x");
  second.peer.send("x");
  REQUIRE(stage.run_until([&] { return told_first.reads + told_second.reads > 0; }));
  stage.settle();
  CHECK(told_first.reads + told_second.reads == 1);
}

TEST_CASE("tcp stream: destroyed with a queue, or abandoned, it resets, else it ends") {
  {
    StreamScene scene(kNarrow);
    scene.write(pattern(4'000'000));
    REQUIRE(scene.stream->congested());
    scene.stream.reset();
    REQUIRE(scene.peer_until([&] { return scene.peer().error != 0 || scene.peer().ended; }));
    CHECK(scene.peer().error == ECONNRESET);
  }
  {
    StreamScene scene;
    scene.write("no end");
    scene.stream->abandon();
    scene.stream.reset();
    REQUIRE(scene.peer_until([&] { return scene.peer().error != 0 || scene.peer().ended; }));
    CHECK(scene.peer().error == ECONNRESET);
  }
  {
    StreamScene scene;
    scene.write("bye");
    scene.stream.reset();
    REQUIRE(scene.peer_until([&] { return scene.peer().error != 0 || scene.peer().ended; }));
    CHECK(scene.peer().received == "bye");
    CHECK(scene.peer().error == 0);
  }
}

TEST_CASE("tcp stream: can be handed to another handler, inside a callback, too") {
  StreamScene scene;
  Recorder next;
  scene.told.data_hook = [&] { scene.stream->start(next); };
  scene.peer().send("first");
  REQUIRE(scene.until([&] { return scene.told.reads == 1; }));
  scene.peer().send("second");
  scene.peer().shut();
  REQUIRE(scene.until([&] { return next.ends == 1; }));
  CHECK(scene.told.data == "first");
  CHECK(next.data == "second");
  CHECK(scene.told.ends == 0);
}

TEST_CASE("tcp stream: what came before a reset is lost with it or shown first, never after") {
  StreamScene scene;
  scene.stream->pause_reading(Pause::congestion);
  scene.peer().send("data");
  scene.stage.settle();
  scene.peer().reset();
  scene.stage.settle();
  scene.stream->resume_reading(Pause::congestion);
  REQUIRE(scene.until([&] { return scene.told.failures + scene.told.ends == 1; }));
  scene.stage.settle();
  CHECK(scene.told.failures + scene.told.ends == 1);
}

TEST_CASE("FX9 tcp stream: a peer that acknowledges nothing in time is a failure of its own kind") {
  LoopStage stage;
  Connection connection = make_connection(4096);
  Recorder told;
  TcpStream stream(stage.loop, std::move(connection.ours));
  stream.start(told);
  stream.expect_acknowledgement_within(std::chrono::milliseconds(300));
  // The window shuts, and its owner answers the probes without opening it.
  stream.write(proto::bytes_of(std::string(8 << 20, 'x')));
  REQUIRE(stage.run_until([&] { return told.failures == 1; }));
  CHECK(told.error.unacknowledged);
  CHECK(told.error.code == -ETIMEDOUT);
  CHECK(stream.unacknowledged() > 0);
  const auto far_end = stream.peer_state();
  REQUIRE(far_end.has_value());
  CHECK(far_end->acknowledged > 0);
  CHECK(far_end->acknowledged < 8 << 20);
}

TEST_CASE("FX9 tcp stream: a reset, or a silent peer that was sent nothing, is no such failure") {
  LoopStage stage;
  Connection connection = make_connection();
  Recorder told;
  TcpStream stream(stage.loop, std::move(connection.ours));
  stream.start(told);
  stream.expect_acknowledgement_within(std::chrono::milliseconds(1));
  stream.write(proto::bytes_of("taken at once"));
  REQUIRE(stage.run_until([&] { return stream.unacknowledged() == 0; }));
  CHECK(told.failures == 0);
  connection.peer.reset();
  REQUIRE(stage.run_until([&] { return told.failures == 1; }));
  CHECK_FALSE(told.error.unacknowledged);
}
