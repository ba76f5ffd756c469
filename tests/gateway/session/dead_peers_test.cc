// Peers that are gone, or may be: when that is known, what it is called, and what it ends.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/access_file.h"
#include "tests/support/folder.h"
#include "tests/support/session_stage.h"
#include "tests/support/wire.h"

using namespace tests;
using namespace std::chrono_literals;
using gateway::config::WebSocket;
using gateway::net::PeerState;
using gateway::outcome::By;
using gateway::outcome::Cause;
using gateway::usage::Field;
using proto::ws::CloseCode;
using proto::ws::Opcode;

namespace {

const std::vector<uint8_t> kFromClient = from_client(Opcode::text, "c");
const std::vector<uint8_t> kFromOrigin = from_origin(Opcode::text, "o");

WebSocket with_keepalive(milliseconds interval, milliseconds timeout) {
  WebSocket settings;
  settings.keepalive = {.interval = interval, .timeout = timeout};
  return settings;
}

std::string reason_of(AccessFile& file) { return file.lines().back()["close_reason"].text(); }

std::optional<milliseconds>& config_of(WebSocket& settings, bool read, bool client) {
  auto& both = read ? settings.read_idle : settings.write_idle;
  return client ? both.client : both.origin;
}

void answer_both(SessionStage& stage) {
  stage.client.send(client_close(CloseCode::going_away));
  stage.origin.send(origin_close(CloseCode::going_away));
  stage.client.end();
  stage.origin.end();
}

}  // namespace

TEST_CASE("FX9 session: the kernel gives up both peers after send_stall_timeout, or never") {
  WebSocket settings;
  settings.send_stall_timeout = 5s;
  SessionStage limited({.settings = settings});
  CHECK(limited.client.patience() == 5s);
  CHECK(limited.origin.patience() == 5s);
  settings.send_stall_timeout.reset();
  SessionStage never({.settings = settings});
  CHECK(never.client.patience() == 0s);
  CHECK(never.origin.patience() == 0s);
}

TEST_CASE("FX9 session: a peer that acknowledges nothing is a slow consumer, cut at once") {
  for (const bool client : {true, false}) {
    CAPTURE(client);
    AccessFile file;
    SessionStage stage({.access = &file.log()});
    Peer& gone = client ? stage.client : stage.origin;
    (client ? stage.origin : stage.client).send(client ? kFromOrigin : kFromClient);
    gone.set_held(300);
    gone.set_state({.last_heard = 20s});
    gone.vanish();
    CHECK_FALSE(gone.connected());
    const auto told = client ? stage.seen_by_origin() : stage.seen_by_client();
    REQUIRE(told.size() == 1);
    CHECK(told[0].code() == (client ? CloseCode::going_away : CloseCode::internal_error));
    CHECK(told[0].reason() == (client ? "client does not read" : "origin does not read"));
    stage.pass(1h);
    CHECK(stage.ends(By::gateway, Cause::slow_consumer) == 1);
    CHECK(reason_of(file) == std::string(client ? "client" : "origin") +
                                 ": no byte taken for 20s, 300 bytes queued, nothing heard from "
                                 "the peer");
  }
}

TEST_CASE("FX9 session: without the limit the kernel's own patience ends as a lost connection") {
  WebSocket settings;
  settings.send_stall_timeout.reset();
  SessionStage stage({.settings = settings});
  stage.client.vanish();
  stage.pass(1h);
  CHECK(stage.ends(By::client, Cause::client_abort) == 1);
}

TEST_CASE("FX9 session: a peer that vanishes after its Close ends what was ending") {
  SessionStage stage;
  stage.session().close(Cause::drain, CloseCode::service_restart, "restart");
  stage.client.vanish();
  CHECK_FALSE(stage.client.connected());
  stage.origin.send(origin_close(CloseCode::service_restart));
  stage.origin.end();
  CHECK(stage.ended());
  CHECK(stage.ends(By::gateway, Cause::drain) == 1);
}

TEST_CASE("FX9 keepalive: a client that only listened and is gone is found by our ping") {
  SessionStage stage({.settings = with_keepalive(20s, 10s)});
  for (int i = 0; i < 31; ++i) {
    stage.origin.send(kFromOrigin);
    stage.pass(1s);
  }
  CHECK_FALSE(stage.client.connected());
  CHECK(stage.session().relay().end()->cause == Cause::pong_timeout);
}

TEST_CASE("FX9 session: an origin that only listened and is gone is found by its read_idle") {
  WebSocket settings;
  settings.read_idle.origin = 30s;
  SessionStage stage({.settings = settings});
  for (int i = 0; i < 32; ++i) {
    stage.client.send(kFromClient);
    stage.pass(1s);
  }
  REQUIRE(stage.session().relay().closing());
  CHECK(stage.session().relay().end()->cause == Cause::origin_idle);
}

TEST_CASE("FX19 session: the reason of a stall tells a slow reader from one that is gone") {
  for (const bool answers : {true, false}) {
    CAPTURE(answers);
    AccessFile file;
    SessionStage stage({.access = &file.log()});
    stage.client.set_room(1);
    stage.origin.send(from_origin(Opcode::binary, std::string(2000, 'x')));
    stage.client.set_held(60'500);
    // The kernel's probes of a shut window: the last one before the end came at 12.6 s.
    stage.client.set_state({.last_heard = answers ? 7'800ms : 20'100ms});
    stage.pass(21s);
    stage.pass(1h);
    CHECK(reason_of(file) == std::string("client: no byte taken for 20s, 61 KiB queued, ") +
                                 (answers ? "the peer answers" : "nothing heard from the peer"));
    CHECK(stage.ends(By::gateway, Cause::slow_consumer) == 1);
  }
}

TEST_CASE("FX13 keepalive: a client that takes what stands before the ping is alive") {
  SessionStage stage({.settings = with_keepalive(20s, 5s)});
  stage.client.set_held(4'000'000);
  stage.client.set_state({.acknowledged = 1'000'000});
  stage.pass(20s + 8ms);
  REQUIRE(stage.session().relay().awaiting_pong());
  // 100 KB/s: the ping has 40 s of bytes before it.
  for (int second = 1; second <= 40; ++second) {
    const auto taken = static_cast<uint64_t>(100'000 * second);
    stage.client.set_held(4'000'000 - taken);
    stage.client.set_state({.acknowledged = 1'000'000 + taken});
    stage.pass(1s);
    stage.origin.send(kFromOrigin);
    REQUIRE_FALSE(stage.session().relay().closing());
  }
  stage.client.send(from_client(Opcode::pong, stage.seen_by_client()[0].payload));
  CHECK_FALSE(stage.session().relay().awaiting_pong());
}

TEST_CASE("FX13 keepalive: a queue that does not move, or has gone, is no life") {
  for (const bool gone : {false, true}) {
    CAPTURE(gone);
    SessionStage stage({.settings = with_keepalive(20s, 5s)});
    stage.client.set_held(gone ? 0 : 4'000'000);
    stage.client.set_state({.acknowledged = 1'000});
    stage.pass(20s + 8ms);
    // Its kernel goes on taking what comes, though nobody reads it.
    if (gone) stage.client.set_state({.acknowledged = 2'000});
    stage.pass(5s + 8ms);
    CHECK_FALSE(stage.client.connected());
    CHECK(stage.session().relay().end()->cause == Cause::pong_timeout);
  }
}

TEST_CASE("FX13 keepalive: once the last byte before the ping has gone, the timeout runs") {
  SessionStage stage({.settings = with_keepalive(20s, 5s)});
  stage.client.set_held(100'000);
  stage.client.set_state({.acknowledged = 0});
  stage.pass(20s + 8ms);
  stage.client.set_held(0);
  stage.client.set_state({.acknowledged = 100'000});
  stage.pass(5s + 8ms);
  CHECK_FALSE(stage.session().relay().closing());
  stage.client.set_state({.acknowledged = 101'000});
  stage.pass(5s + 8ms);
  REQUIRE(stage.session().relay().closing());
  CHECK(stage.session().relay().end()->cause == Cause::pong_timeout);
}

TEST_CASE("FX13 keepalive: a client that sends is alive, in the middle of a frame, too") {
  SessionStage stage({.settings = with_keepalive(20s, 5s)});
  stage.pass(20s + 8ms);
  const auto frame = from_client(Opcode::binary, std::string(30, 'x'));
  // Its pong cannot come before the frame has ended.
  for (const uint8_t octet : frame) {
    stage.client.send({&octet, 1});
    stage.pass(4s);
    REQUIRE_FALSE(stage.session().relay().closing());
  }
  stage.pass(1s + 8ms);
  REQUIRE(stage.session().relay().closing());
  CHECK(stage.session().relay().end()->cause == Cause::pong_timeout);
}

TEST_CASE("FX17 session: a client without a pong is told, and cut at once") {
  AccessFile file;
  SessionStage stage({.settings = with_keepalive(2s, 1s), .access = &file.log()});
  stage.pass(1015ms);
  stage.client.send(kFromClient);
  stage.pass_until(3s + 16ms);
  CHECK_FALSE(stage.client.connected());
  CHECK(stage.seen_by_client().back().code() == CloseCode::going_away);
  REQUIRE(stage.seen_by_origin().size() == 2);
  stage.origin.send(origin_close(CloseCode::going_away));
  stage.origin.end();
  REQUIRE(stage.ended());
  const LogLine line = file.lines().back();
  CHECK(line["close_cause"] == "pong_timeout");
  CHECK(line["close_reason"] == "no pong within 1s");
  CHECK(line["duration_ms"] < 3100);
  CHECK(line["longest_client_silence_ms"] >= 1985);
  CHECK(line["longest_client_silence_ms"] < 2100);
  CHECK(line["longest_origin_silence_ms"] >= 3000);
}

TEST_CASE("FX17 session: one that is idle with a ping unanswered is not waited for either") {
  WebSocket settings = with_keepalive(2s, 300s);
  settings.connection_timeout = 5s;
  SessionStage stage({.settings = settings});
  stage.pass_until(6s + 16ms);
  CHECK(stage.session().relay().end()->cause == Cause::idle_timeout);
  CHECK_FALSE(stage.client.connected());
  CHECK(stage.origin.connected());
}

TEST_CASE("FX17 session: what comes after the decision is no connection time") {
  struct End {
    std::string name;
    milliseconds connected;
  };
  for (const End& end : {End{"idle", 3s}, {"drain", 1s}, {"client lost", 1s}, {"closed", 1s}}) {
    CAPTURE(end.name);
    AccessFile file;
    SessionStage stage({.settings = idle_after(2s), .access = &file.log()});
    if (end.name == "idle") {
      stage.pass(3s + 16ms);
    } else {
      stage.pass(1s);
      if (end.name == "drain")
        stage.session().close(Cause::drain, CloseCode::service_restart, "restart");
      if (end.name == "client lost") stage.client.fail();
      if (end.name == "closed") stage.client.send(client_close(CloseCode::normal));
    }
    REQUIRE(stage.session().relay().closing());
    // Nobody answers.
    stage.pass(31s);
    REQUIRE(stage.ended());
    const auto record = stage.records.take().back();
    const auto billed = record.totals[Field::connection_milliseconds];
    CHECK(billed >= static_cast<uint64_t>(end.connected.count()));
    CHECK(billed < static_cast<uint64_t>(end.connected.count()) + 20);
    CHECK(stage.metered()[Field::connection_milliseconds] == billed);
    CHECK(record.duration_ms > 30'000);
    const LogLine line = file.lines().back();
    CHECK(line["duration_ms"] == record.duration_ms);
    CHECK(line["longest_client_silence_ms"] <= billed);
    CHECK(line["longest_origin_silence_ms"] == billed);
    CHECK(stage.ends() == 1);
  }
}

TEST_CASE("FX17 session: the longest silence of each side is its own, the last one included") {
  AccessFile file;
  SessionStage stage({.access = &file.log()});
  stage.pass(10s);
  stage.client.send(kFromClient);
  stage.pass(4s);
  stage.origin.send(kFromOrigin);
  stage.pass(20s);
  stage.client.send(client_close(CloseCode::normal));
  stage.origin.send(origin_close(CloseCode::normal));
  stage.client.end();
  stage.origin.end();
  REQUIRE(stage.ended());
  const LogLine line = file.lines().back();
  CHECK(line["longest_client_silence_ms"] == 24'000);
  CHECK(line["longest_origin_silence_ms"] == 20'000);
}

TEST_CASE("FY22 session: the reason tells which idle timeout it was, and how long") {
  struct Row {
    bool read;
    bool client;
  };
  for (const Row row : {Row{true, true}, {true, false}, {false, true}, {false, false}}) {
    CAPTURE(row.read);
    CAPTURE(row.client);
    WebSocket settings = idle_after(3600s);
    config_of(settings, row.read, row.client) = row.read ? 30s : 1500ms;
    AccessFile file;
    SessionStage stage({.settings = settings, .access = &file.log()});
    stage.pass(32s);
    answer_both(stage);
    REQUIRE(stage.ended());
    const LogLine line = file.lines().back();
    CHECK(line["close_cause"] == (row.client ? "client_idle" : "origin_idle"));
    CHECK(line["close_reason"] ==
          (row.read ? "read idle timeout 30s" : "write idle timeout 1500ms"));
    CHECK(stage.seen_by_client().back().reason() == line["close_reason"]);
  }
}
