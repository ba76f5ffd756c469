#include <string>

#include <doctest/doctest.h>

#include "tests/gateway/edge/outcome_case.h"
#include "tests/support/handshakes.h"

using namespace tests;
using namespace std::chrono_literals;
using gateway::edge::Lasting;
using gateway::edge::Outcome;
using gateway::outcome::By;
using gateway::outcome::Cause;
using gateway::usage::Field;

namespace {

const std::string kGet =
    "GET /a?token=x HTTP/1.1\r\nHost: chat.example.com\r\nRange: bytes=0-99\r\n"
    "User-Agent: curl/8\r\n\r\n";

// An exchange, from its question to the last byte of its answer.
struct ExchangeCase : OutcomeCase, Outcome::Traveller {
  ExchangeCase() : OutcomeCase(kGet) {
    request.number = 3;
    request.route = request.domain->route_of("/a");
    way.address = *gateway::net::Address::parse("10.0.0.5", 8080);
    way.was_asked = true;
    way.reused = true;
    way.connect = 2ms;
    way.retries = 1;
    way.setbacks = "10.0.0.4:8080: connection refused";
    way.count_retry(gateway::outcome::RetryWhy::connect);
    way.sticky = gateway::outcome::Sticky::moved;
  }
  gateway::usage::Totals totals() { return scene.metered("chat.example.com"); }
  uint64_t http_answers(int status) {
    return totals().http_answers[gateway::metrics::http_status_slot(status)];
  }
  const gateway::metrics::Requests& requests() {
    REQUIRE(scene.counters().requests.get() != nullptr);
    return *scene.counters().requests.get();
  }
  uint64_t ended(By by, size_t cause) {
    return requests().ended[static_cast<size_t>(by)][cause].value();
  }
  LogLine line() {
    const auto lines = file.lines();
    REQUIRE(lines.size() == 1);
    return lines[0];
  }

  const gateway::origin::Trail& trail() override { return way; }
  gateway::origin::Trail way;
};

constexpr size_t kDone = gateway::outcome::kCauses;

}  // namespace

TEST_CASE("outcome: a page of our own is a plain request that is done, by the gateway") {
  ExchangeCase one;
  Outcome outcome(one.scene.context, one.request);
  outcome.answered(200, 200, 800);
  CHECK(one.http_answers(200) == 1);
  outcome.moved_client({.in = kGet.size(), .out = 600});
  CHECK(one.totals()[Field::client_http_out] == 600);
  outcome.moved_client({.in = kGet.size(), .out = 1000});
  outcome.over();
  outcome.over();
  const auto totals = one.totals();
  CHECK(totals[Field::http_requests] == 1);
  CHECK(totals[Field::client_http_in] == kGet.size());
  CHECK(totals[Field::client_http_out] == 1000);
  CHECK(totals[Field::client_handshake_in] == 0);
  CHECK(totals.answers == gateway::usage::Totals().answers);
  CHECK(one.ended(By::gateway, kDone) == 1);
  const LogLine line = one.line();
  CHECK(line["event"] == "exchange");
  CHECK(line["cause"] == "done");
  CHECK(line["initiator"] == "gateway");
  CHECK(line["stage"] == "connecting");
  CHECK(line["response_size"] == 1000);
  CHECK(line["body_bytes_sent"] == 800);
}

TEST_CASE("outcome: a refused plain request has its cause in the line, and counts no handshake") {
  ExchangeCase one;
  Outcome outcome(one.scene.context, one.request);
  outcome.refuse({.status = 413,
                  .cause = Cause::body_too_large,
                  .why = "the request body is larger than http.max_body",
                  .detail = "of the inside"});
  outcome.answered(413, 150, 46);
  outcome.moved_client({.in = 5000, .out = 196});
  outcome.over();
  // What comes behind the answer is traffic, and told by no line.
  outcome.moved_client({.in = 9000, .out = 196});
  CHECK(one.http_answers(413) == 1);
  CHECK(one.totals()[Field::client_http_in] == 9000);
  CHECK(one.totals().refused == gateway::usage::Totals().refused);
  CHECK(one.totals().answers == gateway::usage::Totals().answers);
  CHECK(one.ended(By::client, static_cast<size_t>(Cause::body_too_large)) == 1);
  const LogLine line = one.line();
  CHECK(line["event"] == "exchange");
  CHECK(line["cause"] == "body_too_large");
  CHECK(line["error"] == "the request body is larger than http.max_body");
  CHECK(line["error_detail"] == "of the inside");
  CHECK(line["return_code"] == 413);
  CHECK(line["request_size"] == 5000);
}

TEST_CASE("outcome: what cannot be read as a request is no attempt at WebSocket") {
  OutcomeCase one;
  one.request.head_size = 9;
  Outcome outcome(one.scene.context, one.request);
  outcome.refuse({.status = 400, .cause = Cause::bad_request, .why = "no"});
  outcome.answered(400, 100, 3);
  outcome.moved_client({.in = 9, .out = 103});
  outcome.over();
  const auto totals = one.scene.metered("_unmatched");
  CHECK(totals.http_answers[gateway::metrics::http_status_slot(400)] == 1);
  CHECK(totals[Field::client_http_in] == 9);
  CHECK(totals.refused == gateway::usage::Totals().refused);
  CHECK(one.file.lines()[0]["event"] == "exchange");
}

TEST_CASE("outcome: an attempt at WebSocket is a handshake whatever is answered, in every figure") {
  OutcomeCase one(upgrade_request());
  Outcome outcome(one.scene.context, one.request);
  outcome.refuse({.status = 403, .cause = Cause::websocket_disabled, .why = "not here"});
  outcome.answered(403, 100, 9);
  outcome.moved_client({.in = upgrade_request().size() + 70, .out = 109});
  outcome.over();
  const auto totals = one.scene.metered();
  CHECK(totals[Field::client_handshake_in] == upgrade_request().size() + 70);
  CHECK(totals[Field::client_handshake_out] == 109);
  for (size_t i = gateway::usage::kSessionFields; i < gateway::usage::kFields; ++i)
    CHECK(totals.fields[i] == 0);
  CHECK(totals.http_answers == gateway::usage::Totals().http_answers);
  CHECK(one.scene.counters().requests.get() == nullptr);
}

TEST_CASE("outcome: an exchange counts while it goes on: bytes, its time, and that it is there") {
  ExchangeCase one;
  gateway::usage::meter::Meter& meter = *one.request.domain->meters[0];
  one.scene.context.sessions.book.tick(one.scene.stage.loop.now(), 0s);
  Outcome outcome(one.scene.context, one.request);
  outcome.exchanging(one);
  CHECK(meter.exchanges() == 1);
  outcome.moved_origin({.in = 0, .out = 300}, nullptr);
  outcome.moved_client({.in = kGet.size(), .out = 0});
  CHECK(one.totals()[Field::http_requests] == 0);
  outcome.answering(200, "Content-Type: text/plain\r\n", 80);
  CHECK(one.totals()[Field::http_requests] == 1);
  outcome.moved_origin({.in = 4000, .out = 300}, nullptr);
  outcome.moved_client({.in = kGet.size(), .out = 3900});
  CHECK(one.totals()[Field::client_http_out] == 3900);
  CHECK(one.totals()[Field::origin_http_in] == 4000);
  CHECK(one.totals()[Field::origin_http_out] == 300);
  one.scene.pass(2500ms);
  one.scene.context.sessions.book.tick(one.scene.stage.loop.now(), 0s);
  const uint64_t so_far = one.totals()[Field::http_exchange_milliseconds];
  CHECK(so_far >= 2500);
  outcome.exchanged({});
  outcome.over();
  CHECK(meter.exchanges() == 0);
  CHECK(one.totals()[Field::http_exchange_milliseconds] >= so_far);
  CHECK(one.scene.registry.worker(0).exchange_duration.sum_milliseconds.value() >= 2500);
  CHECK(one.scene.registry.worker(0).first_byte.sum_milliseconds.value() == 0);
}

TEST_CASE(
    "outcome: the line of an exchange tells the way, the answer and the end, without its query") {
  ExchangeCase one;
  Outcome outcome(one.scene.context, one.request);
  outcome.exchanging(one);
  outcome.meet(one.way);
  one.scene.pass(40ms);
  outcome.answering(
      206, "Server: x\r\ncontent-type:  text/css\r\nContent-Range: bytes 0-99/5000\r\n", 120);
  outcome.moved_client({.in = kGet.size(), .out = 220});
  outcome.exchanged({}, By::origin);
  outcome.over();
  CHECK(one.requests().retries[static_cast<size_t>(gateway::outcome::RetryWhy::connect)].value() ==
        1);
  CHECK(one.requests().sticky[static_cast<size_t>(gateway::outcome::Sticky::moved)].value() == 1);
  CHECK(one.requests().desync[1].value() == 1);
  CHECK(one.ended(By::origin, kDone) == 1);
  const LogLine line = one.line();
  CHECK(line["event"] == "exchange");
  CHECK(line["scheme"] == "http");
  CHECK(line["uri"] == "/a");
  CHECK(line.dump().find("token") == std::string::npos);
  CHECK(line["method"] == "GET");
  CHECK(line["user_agent"] == "curl/8");
  CHECK(line["route"] == "/");
  CHECK(line["request_number"] == 3);
  CHECK(line["connection_id"] == "public-0-0");
  CHECK(line["return_code"] == 206);
  CHECK(line["content_type"] == "text/css");
  CHECK(line["http_range"] == "bytes=0-99");
  CHECK(line["sent_http_content_range"] == "bytes 0-99/5000");
  CHECK(line["request_size"] == static_cast<int64_t>(kGet.size()));
  CHECK(line["response_size"] == 220);
  CHECK(line["body_bytes_sent"] == 100);
  CHECK(line["first_byte_ms"] >= 40);
  CHECK(line["request_time"] >= 40);
  CHECK(line["origin_addr"] == "10.0.0.5:8080");
  CHECK(line["origin_scheme"] == "http");
  CHECK(line["origin_connect_ms"] == 2);
  CHECK(line.dump().find(R"("origin_reused":true)") != std::string::npos);
  CHECK(line["retries"] == 1);
  CHECK(line["origin_setbacks"] == "10.0.0.4:8080: connection refused");
  CHECK(line["sticky"] == "moved");
  CHECK(line["initiator"] == "origin");
  CHECK(line["cause"] == "done");
  CHECK(line["stage"] == "streaming");
  CHECK(line["desync"] == "origin");
  CHECK_FALSE(line.contains("error"));
  CHECK_FALSE(line.contains("handshake_ms"));
}

TEST_CASE("outcome: an exchange whose client leaves before the answer is a 499, while it waits") {
  ExchangeCase one;
  Outcome outcome(one.scene.context, one.request);
  outcome.exchanging(one);
  outcome.meet(one.way);
  outcome.refuse({.status = 499, .cause = Cause::client_abort, .why = "the client left"});
  outcome.over();
  CHECK(one.http_answers(499) == 1);
  CHECK(one.totals()[Field::http_requests] == 1);
  CHECK(one.ended(By::client, static_cast<size_t>(Cause::client_abort)) == 1);
  const LogLine line = one.line();
  CHECK(line["return_code"] == 499);
  CHECK(line["cause"] == "client_abort");
  CHECK(line["stage"] == "waiting");
  CHECK_FALSE(line.contains("first_byte_ms"));
}

TEST_CASE("outcome: the first cause holds, but a whole answer that is not taken was not done") {
  for (const bool done : {true, false}) {
    CAPTURE(done);
    ExchangeCase one;
    Outcome outcome(one.scene.context, one.request);
    outcome.exchanging(one);
    outcome.answering(200, "", 80);
    outcome.exchanged(done ? gateway::outcome::ExchangeEnd{}
                           : gateway::outcome::ExchangeEnd{.cause = Cause::origin_abort});
    outcome.exchanged({.cause = Cause::client_abort, .by = By::client});
    outcome.over();
    CHECK(one.http_answers(200) == 1);
    CHECK(one.line()["cause"] == (done ? "client_abort" : "origin_abort"));
  }
}

TEST_CASE("outcome: an exchange that lasts has a line of its own while it does, under its own id") {
  ExchangeCase one;
  Outcome outcome(one.scene.context, one.request);
  outcome.exchanging(one);
  outcome.answering(200, "Content-Type: text/event-stream\r\n", 90);
  outcome.moved_client({.in = kGet.size(), .out = 300});
  one.scene.pass(Lasting::kTime + 10ms);
  one.scene.pass(Lasting::kTime + 10ms);
  outcome.meet(one.way);
  outcome.exchanged({.cause = Cause::client_abort, .by = By::client});
  outcome.over();
  const auto lines = one.file.lines();
  REQUIRE(lines.size() == 2);
  CHECK(lines[0]["event"] == "exchange_open");
  CHECK(lines[0]["content_type"] == "text/event-stream");
  CHECK(lines[0]["return_code"] == 200);
  CHECK(lines[0]["response_size"] == 300);
  CHECK(lines[0]["stage"] == "streaming");
  CHECK(lines[0]["origin_addr"] == "10.0.0.5:8080");
  CHECK(lines[0]["request_time"] >= 60'000);
  CHECK_FALSE(lines[0].contains("cause"));
  CHECK(lines[1]["event"] == "exchange");
  CHECK(lines[1]["session_id"] == lines[0]["session_id"].text());
  // Once: the choice was looked at twice.
  CHECK(one.requests().sticky[static_cast<size_t>(gateway::outcome::Sticky::moved)].value() == 1);
}

TEST_CASE("outcome: DCDN's line of a plain request is one, with code, sizes and type") {
  ExchangeCase one;
  one.scene.scribe.format = gateway::config::AccessLog::Format::dcdn;
  const tests::Folder folder;
  gateway::log::AccessLog log(folder.file("access.log"));
  one.scene.scribe.access = &log;
  {
    Outcome outcome(one.scene.context, one.request);
    outcome.exchanging(one);
    one.scene.pass(Lasting::kTime + 10ms);
    outcome.answering(200, "Content-Type: text/html\r\n", 80);
    outcome.moved_client({.in = 120, .out = 1080});
    outcome.exchanged({});
    outcome.over();
  }
  log.end(5s);
  const std::string text = folder.read("access.log");
  CHECK(text.find(R"("GET http://chat.example.com/a" 200 120 1080 MISS "curl/8" "text/html")") !=
        std::string::npos);
  CHECK(std::count(text.begin(), text.end(), '\n') == 1);
}
