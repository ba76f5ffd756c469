#include "gateway/origin/primed_stream.h"

#include <memory>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include "gateway/net/tcp_stream.h"
#include "tests/support/loop_stage.h"

using namespace tests;
using gateway::net::Pause;
using gateway::origin::PrimedStream;

TEST_CASE("primed stream: a paused reader gets its first bytes later, and drains meanwhile") {
  LoopStage stage;
  Connection connection = make_connection();
  auto inner = std::make_unique<gateway::net::TcpStream>(stage.loop, std::move(connection.ours));
  PrimedStream stream(stage.loop, std::move(inner), proto::bytes_of("first "));
  Recorder told;
  stream.start(told);
  stream.pause_reading(Pause::congestion);
  connection.peer.send("second");
  connection.peer.shut();
  stage.settle();
  CHECK(told.data.empty());
  const std::string much(8 << 20, 'x');
  stream.write(proto::bytes_of(much));
  REQUIRE(stream.congested());
  CHECK(stage.run_until([&] {
    connection.peer.read();
    return told.drains == 1;
  }));
  CHECK(told.data.empty());
  stream.resume_reading(Pause::congestion);
  CHECK(stage.run_until([&] { return told.ends == 1; }));
  CHECK(told.data == "first second");
}

TEST_CASE("primed stream: may be destroyed by whom it tells, and handed on") {
  LoopStage stage;
  Connection connection = make_connection();
  auto stream = std::make_unique<PrimedStream>(
      stage.loop, std::make_unique<gateway::net::TcpStream>(stage.loop, std::move(connection.ours)),
      proto::bytes_of("first"));
  Recorder before;
  Recorder told;
  stream->start(before);
  stream->start(told);
  told.data_hook = [&] { stream.reset(); };
  stage.settle();
  CHECK(told.data == "first");
  CHECK(before.data.empty());
  connection.peer.read();
  CHECK(connection.peer.ended);
}

TEST_CASE("primed stream: a failure before anybody listens is told behind the first bytes") {
  for (const bool paused : {false, true}) {
    CAPTURE(paused);
    LoopStage stage;
    Connection connection = make_connection();
    auto inner = std::make_unique<gateway::net::TcpStream>(stage.loop, std::move(connection.ours));
    // A write into a connection that was reset fails, reading paused or not.
    gateway::net::TcpStream& tcp = *inner;
    PrimedStream stream(stage.loop, std::move(inner), proto::bytes_of("first"));
    connection.peer.reset();
    tcp.write(proto::bytes_of("x"));
    stage.settle();
    tcp.write(proto::bytes_of("x"));
    stage.settle();
    Recorder told;
    stream.start(told);
    if (paused) stream.pause_reading(Pause::congestion);
    CHECK(told.failures == 0);
    REQUIRE(stage.run_until([&] { return told.failures > 0; }));
    stage.settle();
    CHECK(told.failures == 1);
    CHECK_FALSE(told.error.text.empty());
    CHECK(told.data == (paused ? "" : "first"));
    CHECK(told.ends == 0);
  }
}
