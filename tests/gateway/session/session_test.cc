#include "gateway/session/session.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/access_file.h"
#include "tests/support/folder.h"
#include "tests/support/session_stage.h"
#include "tests/support/wire.h"

using namespace tests;
using namespace std::chrono_literals;
using gateway::outcome::By;
using gateway::outcome::Cause;
using gateway::usage::Field;
using proto::ws::CloseCode;
using proto::ws::Opcode;

namespace {

LogLine close_line(AccessFile& file) {
  const auto lines = file.lines();
  REQUIRE(lines.size() == 1);
  REQUIRE(lines[0]["event"] == "close");
  return lines[0];
}

}  // namespace

TEST_CASE("session: opens and ends once in every figure") {
  SessionStage stage;
  CHECK(stage.metered()[gateway::usage::Field::sessions_wss] == 1);
  CHECK(stage.metered()[gateway::usage::Field::sessions_ws] == 0);
  CHECK(stage.counters().active.value() == 1);
  CHECK(stage.admission.held() == 1);
  stage.pass(2500ms);
  stage.client.fail();
  stage.origin.fail();
  CHECK(stage.ended());
  stage.pass(1h);
  CHECK(stage.ends() == 1);
  CHECK(stage.counters().active.value() == 0);
  CHECK(stage.admission.held() == 0);
  CHECK(stage.metered().closed[static_cast<size_t>(Cause::client_abort)] == 1);
  CHECK(stage.records.take().back().duration_ms == 2500);
  CHECK(stage.registry.worker(0).session_duration.buckets[1].value() == 1);
}

TEST_CASE("session: one close line says all that was counted") {
  AccessFile file;
  {
    SessionStage stage({.access = &file.log()});
    stage.client.send(from_client(Opcode::text, "hello"));
    stage.origin.send(from_origin(Opcode::binary, std::string(300, 'x')));
    stage.origin.send(from_origin(Opcode::ping, "p"));
    stage.pass(1500ms);
    stage.client.send(client_close(CloseCode{4002}, "enough"));
    stage.origin.send(origin_close(CloseCode{4002}));
    stage.client.end();
    stage.origin.end();
    REQUIRE(stage.ended());
    stage.pass(1h);
  }
  const LogLine line = close_line(file);
  CHECK(line["domain"] == "chat.example.com");
  CHECK(line["node"] == "node-1");
  CHECK(line["boot_id"] == "boot-1");
  CHECK(line["session_id"].text().size() == 32);
  CHECK(line["client_ip"] == "203.0.113.7");
  CHECK(line["remote_port"] == 40'000);
  CHECK(line["origin_addr"] == "10.0.0.5:8080");
  CHECK(line["scheme"] == "wss");
  CHECK(line["uri"] == "/chat");
  CHECK(line["return_code"] == 101);
  CHECK(line["duration_ms"] == 1500);
  CHECK(line["close_initiator"] == "client");
  CHECK(line["close_cause"] == "client_close");
  CHECK(line["close_code"] == 4002);
  CHECK(line["close_code_client"] == 4002);
  CHECK(line["close_code_origin"] == 4002);
  CHECK(line["client_bytes_in"] == 6 + 5 + 6 + 2 + 6);
  CHECK(line["origin_bytes_out"] == 6 + 5 + 6 + 2 + 6);
  CHECK(line["origin_bytes_in"] == 4 + 300 + 3 + 4);
  CHECK(line["client_bytes_out"] == 4 + 300 + 3 + 4);
  CHECK(line["payload_in"] == 5);
  CHECK(line["payload_out"] == 300);
  CHECK(line["msgs_in"] == 1);
  CHECK(line["msgs_out"] == 1);
  CHECK(line["pings_out"] == 1);
  CHECK(line["max_msg_out"] == 300);
}

TEST_CASE("session: the close line names an end of our own and its reason") {
  AccessFile file;
  {
    SessionStage stage({.settings = idle_after(2s), .access = &file.log()});
    stage.pass(60s);
    REQUIRE(stage.ended());
  }
  const LogLine line = close_line(file);
  CHECK(line["close_initiator"] == "gateway");
  CHECK(line["close_cause"] == "idle_timeout");
  CHECK(line["close_reason"] == "idle timeout 2s");
  CHECK(line["close_code"] == 1001);
  CHECK_FALSE(line.contains("close_code_client"));
  CHECK_FALSE(line.contains("close_code_origin"));
}

TEST_CASE("session: one close line, whatever happens at the same time") {
  AccessFile file;
  {
    SessionStage stage({.access = &file.log()});
    stage.client.send("83 80 00000000"_wire);
    stage.session().close(Cause::drain, CloseCode::service_restart, "restart");
    stage.origin.fail();
    if (!stage.ended()) stage.session().abort();
    stage.client.fail();
    stage.pass(1h);
    CHECK(stage.ends() == 1);
  }
  CHECK(close_line(file)["close_cause"] == "protocol_error");
}

TEST_CASE("session: figures of the line and of the domain are the same to the byte") {
  AccessFile file;
  SessionStage stage({.access = &file.log()});
  stage.client.set_room(100);
  stage.client.send(from_client(Opcode::binary, std::string(1000, 'u')));
  stage.origin.send(from_origin(Opcode::binary, std::string(1000, 'd')));
  stage.client.send("82 fe 03e8 00"_wire);  // a header in part
  stage.client.fail();
  if (!stage.ended()) stage.session().abort();
  const LogLine line = close_line(file);
  CHECK(line["client_bytes_in"] == stage.metered(Field::client_bytes_in));
  CHECK(line["client_bytes_out"] == stage.metered(Field::client_bytes_out));
  CHECK(line["origin_bytes_in"] == stage.origin_traffic().bytes_in.value());
  CHECK(line["origin_bytes_out"] == stage.origin_traffic().bytes_out.value());
  CHECK(line["client_bytes_out"] == 100);
  CHECK(line["client_bytes_in"] == 1000 + 8 + 5);
  CHECK(line["origin_bytes_out"] == 1000 + 8);
}

TEST_CASE("session: an end inside its own start is an end") {
  // Both directions break the rules before the session has had its first turn.
  SessionStage stage({.from_client = "83 80 00000000"_wire, .from_origin = "83 00"_wire});
  stage.client.fail();
  stage.origin.fail();
  CHECK(stage.ended());
  CHECK(stage.ends() == 1);
}
