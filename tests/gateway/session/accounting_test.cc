#include "gateway/session/accounting.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/session_stage.h"
#include "tests/support/wire.h"

using namespace tests;
using namespace std::chrono_literals;
using gateway::outcome::By;
using gateway::outcome::Cause;
using gateway::usage::Field;
using gateway::usage::Record;
using gateway::usage::Totals;
using proto::ws::CloseCode;
using proto::ws::Opcode;

namespace {

// Everything that a session has, too; what a domain alone has is apart.
std::vector<Field> session_fields() {
  std::vector<Field> fields;
  for (size_t i = 0; i < gateway::usage::kFields; ++i) {
    const auto field = static_cast<Field>(i);
    if (field != Field::sessions_ws && field != Field::sessions_wss &&
        field != Field::connection_milliseconds)
      fields.push_back(field);
  }
  return fields;
}

void append(std::vector<Record>& all, const std::vector<Record>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

void talk(SessionStage& stage) {
  stage.client.send(from_client(Opcode::text, "hello"));
  stage.client.send(from_client(Opcode::ping, "1234"));
  stage.origin.send(from_origin(Opcode::pong, "1234"));
  stage.origin.send(from_origin(Opcode::binary, std::string(40'000, 'x')));
  stage.client.send("01 83 37fa213d 7f9f4d 80 82 37fa213d 5b95"_wire);
}

void close_politely(SessionStage& stage) {
  stage.client.send(client_close(CloseCode::normal));
  stage.origin.send(origin_close(CloseCode::normal));
  stage.client.end();
  stage.origin.end();
}

}  // namespace

TEST_CASE("accounting: the meter holds the arithmetic of frames, and the server has its share") {
  SessionStage stage;
  talk(stage);
  const Totals totals = stage.metered();
  const uint64_t up = (6 + 5) + (6 + 4) + (6 + 3) + (6 + 2);
  const uint64_t down = (2 + 4) + (4 + 40'000);
  CHECK(totals[Field::client_bytes_in] == up);
  CHECK(totals[Field::origin_bytes_out] == up);
  CHECK(totals[Field::origin_bytes_in] == down);
  CHECK(totals[Field::client_bytes_out] == down);
  CHECK(totals[Field::client_payload_in] == 10);
  CHECK(totals[Field::origin_payload_out] == 10);
  CHECK(totals[Field::origin_payload_in] == 40'000);
  CHECK(totals[Field::client_payload_out] == 40'000);
  CHECK(totals[Field::text_messages_in] == 2);
  CHECK(totals[Field::binary_messages_out] == 1);
  CHECK(totals[Field::data_frames_in] == 3);
  CHECK(totals[Field::data_frames_out] == 1);
  CHECK(totals[Field::ping_frames_in] == 1);
  CHECK(totals[Field::ping_frames_out] == 0);
  CHECK(totals[Field::pong_frames_out] == 1);
  CHECK(totals[Field::units_2k_in] == 2);
  CHECK(totals[Field::units_2k_out] == 20);
  CHECK(totals[Field::units_32k_out] == 2);
  CHECK(totals[Field::sessions_wss] == 1);
  CHECK(totals[Field::sessions_ws] == 0);
  CHECK(totals[Field::client_wire_in] == 0);

  CHECK(stage.origin_traffic().bytes_out.value() == up);
  CHECK(stage.origin_traffic().bytes_in.value() == down);
}

TEST_CASE(
    "accounting: bytes out are billed when the kernel has taken them, payload never too much") {
  SessionStage stage;
  stage.client.set_room(104);
  stage.origin.send(from_origin(Opcode::binary, std::string(1000, 'd')));
  Totals totals = stage.metered();
  CHECK(totals[Field::origin_bytes_in] == 1004);
  CHECK(totals[Field::origin_payload_in] == 1000);
  CHECK(totals[Field::client_bytes_out] == 104);
  CHECK(totals[Field::client_payload_out] == 100);
  stage.client.take();
  totals = stage.metered();
  CHECK(totals[Field::client_bytes_out] == 1004);
  CHECK(totals[Field::client_payload_out] == 1000);
}

TEST_CASE("accounting: what is lost in a queue is not billed") {
  SessionStage stage;
  stage.client.set_room(100);
  stage.origin.send(from_origin(Opcode::binary, std::string(1000, 'd')));
  stage.client.fail();
  stage.origin.fail();
  REQUIRE(stage.ended());
  CHECK(stage.metered()[Field::client_bytes_out] == 100);
  CHECK(stage.metered()[Field::client_payload_out] <= 100);
  CHECK(stage.metered().closed[static_cast<size_t>(Cause::client_abort)] == 1);
}

TEST_CASE("FY26 accounting: what a lost client has not acknowledged is a figure of its own") {
  SessionStage stage;
  stage.origin.send(from_origin(Opcode::binary, std::string(1000, 'd')));
  stage.client.set_held(600);
  SUBCASE("a reset") { stage.client.fail(); }
  SUBCASE("an end without a Close") { stage.client.end(); }
  SUBCASE("a cut of ours") { stage.session().abort(); }
  if (!stage.ended()) stage.session().abort();
  REQUIRE(stage.ended());
  CHECK(stage.metered()[Field::client_undelivered_out] == 600);
  CHECK(stage.metered()[Field::client_bytes_out] == 1004);
  const auto records = stage.records.take();
  REQUIRE(!records.empty());
  CHECK(records.back().totals[Field::client_undelivered_out] == 600);
}

TEST_CASE("FY26 accounting: what is in our own queue was never counted, so it is not undelivered") {
  SessionStage stage;
  stage.client.set_room(300);
  stage.origin.send(from_origin(Opcode::binary, std::string(1000, 'd')));
  stage.client.set_held(200);
  stage.client.fail();
  CHECK(stage.metered()[Field::client_bytes_out] == 300);
  CHECK(stage.metered()[Field::client_undelivered_out] == 200);
}

TEST_CASE("FY26 accounting: of the handshake's answer nothing is undelivered") {
  SessionStage stage;
  stage.client.set_held(129);  // the 101, and not a byte after it
  stage.client.fail();
  CHECK(stage.metered()[Field::client_undelivered_out] == 0);
}

TEST_CASE("FY26 accounting: after an orderly end the kernel delivers the rest") {
  SessionStage stage;
  stage.origin.send(from_origin(Opcode::binary, std::string(1000, 'd')));
  stage.client.set_held(600);
  close_politely(stage);
  REQUIRE(stage.ended());
  CHECK(stage.metered()[Field::client_bytes_out] > 1004);
  CHECK(stage.metered()[Field::client_undelivered_out] == 0);
}

TEST_CASE("FY26 accounting: frames of our own are not the origin's that were not delivered") {
  gateway::config::WebSocket settings = idle_after(60s);
  settings.keepalive.interval = 10s;
  settings.keepalive.timeout = 5s;
  SessionStage stage({.settings = settings});
  stage.origin.send(from_origin(Opcode::binary, std::string(1000, 'd')));
  stage.client.take_received();
  // The client has vanished after the message: a ping and a Close stand in the kernel.
  stage.pass(16s);
  stage.client.set_held(stage.client.received().size());
  CHECK(stage.client.received().size() > 10);
  if (!stage.ended()) stage.session().abort();
  REQUIRE(stage.ended());
  CHECK(stage.metered()[Field::client_undelivered_out] == 0);
}

TEST_CASE("FY26 accounting: with TLS undelivered bytes are worked out from the records") {
  SessionStage stage({.client_record_overhead = 22});
  for (int i = 0; i < 10; ++i) stage.origin.send(from_origin(Opcode::binary, std::string(98, 'd')));
  CHECK(stage.metered()[Field::client_bytes_out] == 1000);
  CHECK(stage.metered()[Field::client_wire_out] == 1220);
  stage.client.set_held(610);
  stage.client.fail();
  CHECK(stage.metered()[Field::client_undelivered_out] == 500);
}

TEST_CASE("accounting: what comes after a Close is in no figure of the other side") {
  SessionStage stage;
  stage.client.send(client_close(CloseCode::normal));
  stage.origin.send(from_origin(Opcode::text, "late"));
  stage.origin.send(origin_close(CloseCode::normal));
  const Totals totals = stage.metered();
  CHECK(totals[Field::close_frames_in] == 1);
  CHECK(totals[Field::close_frames_out] == 1);
  CHECK(totals[Field::origin_payload_in] == 4);
  CHECK(totals[Field::client_payload_out] == 4);
}

TEST_CASE("accounting: pings of the edge and their answers are billed to nobody") {
  gateway::config::WebSocket settings = idle_after(1h);
  settings.keepalive.interval = 1s;
  SessionStage stage({.settings = settings});
  stage.pass(1s + 10ms);
  const auto pings = stage.seen_by_client();
  REQUIRE(pings.size() == 1);
  stage.client.send(from_client(Opcode::pong, pings[0].payload));
  for (const Field field : session_fields()) {
    INFO(to_string(field));
    CHECK(stage.metered()[field] == 0);
  }
}

TEST_CASE("accounting: a session that is over before anybody took its records is one of them") {
  SessionStage stage({.settings = idle_after(24h)});
  talk(stage);
  close_politely(stage);
  REQUIRE(stage.ended());
  const std::vector<Record> records = stage.records.take();
  REQUIRE(records.size() == 1);
  CHECK(records[0].kind == Record::Kind::stop);
  CHECK(records[0].sequence == 1);
  CHECK(records[0].totals[Field::client_bytes_in] == stage.metered()[Field::client_bytes_in]);
}

TEST_CASE("accounting: a start, an interim now and then, a stop; the last one is the meter's sum") {
  SessionStage stage({.settings = idle_after(24h)});
  std::vector<Record> records = stage.records.take();
  talk(stage);
  stage.pass(400s);
  append(records, stage.records.take());
  talk(stage);
  stage.pass(100s);
  close_politely(stage);
  REQUIRE(stage.ended());
  append(records, stage.records.take());
  REQUIRE(records.size() == 3);
  CHECK(records[0].kind == Record::Kind::start);
  CHECK(records[1].kind == Record::Kind::interim);
  CHECK(records[2].kind == Record::Kind::stop);
  for (size_t i = 0; i < records.size(); ++i) {
    CHECK(records[i].sequence == i);
    CHECK(records[i].session == records[0].session);
    CHECK(records[i].domain == "chat.example.com");
    CHECK(records[i].client == "203.0.113.7");
    CHECK(records[i].origin == "10.0.0.5:8080");
    CHECK(records[i].client_tls);
    CHECK(records[i].opened_ms == records[0].opened_ms);
    CHECK(records[i].time_ms >= records[0].opened_ms);
  }
  CHECK(records[0].duration_ms == 0);
  CHECK(records[0].totals[Field::client_bytes_in] == 0);
  CHECK(records[1].duration_ms >= 270'000);
  CHECK(records[1].duration_ms <= 330'000);
  CHECK(records[2].duration_ms == 500'000);
  CHECK(records[2].end.cause == Cause::client_close);
  CHECK(records[2].end.by == By::client);
  for (const Field field : session_fields()) {
    INFO(to_string(field));
    CHECK(records[2].totals[field] == stage.metered()[field]);
    CHECK(records[1].totals[field] <= records[2].totals[field]);
  }
}

TEST_CASE("accounting: connection time runs from the 101 to the end, between ticks, too") {
  SessionStage stage({.settings = idle_after(1h)});
  stage.pass(1234ms);
  stage.client.fail();
  stage.origin.fail();
  REQUIRE(stage.ended());
  CHECK(stage.metered()[Field::connection_milliseconds] == 1234);
  const auto counted = stage.meters.counted().sessions;
  CHECK(counted.at("chat.example.com")[Field::connection_milliseconds] == 1234);
}

TEST_CASE("accounting: interims are spread by a tenth, and go on as long as the session") {
  SessionStage stage({.settings = idle_after(24h * 30)});
  std::vector<Record> records;
  for (auto passed = 0s; passed < 24h; passed += 60s) {
    append(records, stage.records.take());
    stage.pass(60s);
  }
  // 288 intervals of 300 s in the mean.
  CHECK(records.size() > 260);
  CHECK(records.size() < 322);
  std::vector<uint64_t> gaps;
  for (size_t i = 2; i < records.size(); ++i) {
    gaps.push_back(records[i].duration_ms - records[i - 1].duration_ms);
    CHECK(gaps.back() >= 270'000);
    CHECK(gaps.back() <= 330'100);
  }
  CHECK(*std::max_element(gaps.begin(), gaps.end()) > 310'000);
  CHECK(*std::min_element(gaps.begin(), gaps.end()) < 290'000);
}
