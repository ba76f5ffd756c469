#include "gateway/edge/outcome.h"

#include <string>

#include <doctest/doctest.h>

#include "tests/gateway/edge/outcome_case.h"
#include "tests/support/handshakes.h"

using namespace tests;
using namespace std::chrono_literals;
using gateway::edge::Gate;
using gateway::edge::Outcome;
using gateway::edge::Refusal;
using gateway::outcome::By;
using gateway::outcome::Cause;
using gateway::usage::Field;

TEST_CASE(
    "outcome: a refusal that is answered has its line, its counters and its bytes once each") {
  OutcomeCase one(upgrade_request());
  Outcome outcome(one.scene.context, one.request);
  outcome.refuse({.status = 403,
                  .cause = Cause::websocket_disabled,
                  .why = "not here",
                  .by = By::gateway,
                  .detail = "of the inside"});
  outcome.answered(403, 300, 21);
  outcome.over();  // what a carrier that leaves says of whatever it has
  CHECK(one.scene.answers(403) == 1);
  CHECK(one.refused(Cause::websocket_disabled) == 1);
  CHECK(one.metered_answers(403) == 1);
  const auto totals = one.scene.metered();
  CHECK(totals[Field::client_handshake_in] == upgrade_request().size());
  CHECK(totals[Field::client_handshake_out] == 321);
  CHECK(totals[Field::client_http_in] == 0);
  const auto lines = one.file.lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0]["event"] == "refused");
  CHECK(lines[0]["return_code"] == 403);
  CHECK(lines[0]["error"] == "not here");
  CHECK(lines[0]["error_detail"] == "of the inside");
  CHECK(lines[0]["close_initiator"] == "gateway");
  CHECK(lines[0]["close_stage"] == "connecting");
  CHECK(lines[0]["client_ip"] == "203.0.113.7");
  CHECK(lines[0]["server_addr"] == "192.0.2.1");
  CHECK(lines[0]["listener"] == "public");
  CHECK(lines[0]["domain"] == "chat.example.com");
  CHECK(lines[0]["response_size"] == 321);
  CHECK(lines[0]["config_generation"] == 7);
}

TEST_CASE("outcome: a session's first line has the name that the session goes on under") {
  OutcomeCase one(upgrade_request());
  one.facts.proxy = *gateway::net::Address::parse("10.1.1.1", 1);
  Outcome outcome(one.scene.context, one.request);
  gateway::origin::Trail trail;
  trail.address = *gateway::net::Address::parse("10.0.0.5", 8080);
  trail.was_asked = true;
  trail.retries = 2;
  trail.setbacks = "10.0.0.4:8080: connection refused";
  trail.moved = {.in = 150, .out = 250};
  trail.connect = 3ms;
  outcome.meet(trail);
  outcome.switched({.subprotocol = "a", .extensions = "permessage-deflate"}, 129);
  const auto identity = outcome.take_identity();
  CHECK(identity.path == "/chat");
  CHECK(identity.handshake_in == upgrade_request().size());
  CHECK(identity.handshake_out == 129);
  CHECK(identity.origin.to_string() == "10.0.0.5:8080");
  REQUIRE(identity.seldom);
  CHECK(identity.seldom->proxy.host() == "10.1.1.1");
  CHECK(one.scene.answers(101) == 1);
  const auto totals = one.scene.metered();
  CHECK(totals[Field::client_handshake_out] == 129);
  CHECK(totals[Field::origin_handshake_in] == 150);
  CHECK(totals[Field::origin_handshake_out] == 250);
  const auto lines = one.file.lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0]["event"] == "open");
  CHECK(lines[0]["session_id"] == gateway::session::to_string(identity.id));
  CHECK(lines[0]["subprotocol"] == "a");
  CHECK(lines[0]["extensions"] == "permessage-deflate");
  CHECK(lines[0]["origin_addr"] == "10.0.0.5:8080");
  CHECK(lines[0]["origin_connect_ms"] == 3);
  CHECK(lines[0]["retries"] == 2);
  CHECK(lines[0]["origin_setbacks"] == "10.0.0.4:8080: connection refused");
}

TEST_CASE("outcome: one who leaves in the middle of a head leaves its bytes and no line") {
  OutcomeCase one;
  one.request.head_size = 17;
  Outcome outcome(one.scene.context, one.request);
  outcome.over();
  CHECK(one.scene.metered()[Field::client_http_in] == 17);
  CHECK(one.metered_answers(400) == 0);
  CHECK(one.file.lines().empty());
}

TEST_CASE("outcome: an end that nobody can be told is in the log, and no answer") {
  OutcomeCase one(upgrade_request());
  Outcome outcome(one.scene.context, one.request);
  gateway::origin::Trail trail;
  trail.was_asked = true;
  outcome.meet(trail);
  outcome.refuse({.status = 499, .cause = Cause::client_abort, .why = "the client left"});
  outcome.over();
  CHECK(one.scene.answers(499) == 0);
  CHECK(one.refused(Cause::client_abort) == 1);
  CHECK(one.scene.metered()[Field::client_handshake_in] == upgrade_request().size());
  const auto lines = one.file.lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0]["return_code"] == 499);
  CHECK(lines[0]["close_stage"] == "upgrading");
  CHECK(lines[0]["response_size"] == 0);
}

TEST_CASE("outcome: who does not get as far as a request is counted where that was") {
  struct Row {
    Gate gate;
    uint64_t full, no_certificate, proxy_header, tls;
  };
  for (const Row& row : {Row{Gate::none, 0, 0, 0, 0}, Row{Gate::full, 1, 0, 0, 0},
                         Row{Gate::no_certificate, 0, 1, 0, 0}, Row{Gate::proxy_header, 0, 0, 1, 0},
                         Row{Gate::tls, 0, 0, 0, 1}}) {
    OutcomeCase one;
    Outcome outcome(one.scene.context, one.request);
    outcome.refuse({.cause = Cause::overload, .why = "no", .gate = row.gate});
    outcome.over();
    const auto& gate = one.scene.gate();
    CHECK(gate.rejected[gateway::metrics::kOverloadRejection].value() == row.full);
    CHECK(gate.rejected[gateway::metrics::kNoCertificateRejection].value() == row.no_certificate);
    CHECK(gate.rejected[gateway::metrics::kProxyHeaderRejection].value() == row.proxy_header);
    CHECK(gate.tls_failed.value() == row.tls);
    const auto lines = one.file.lines();
    REQUIRE(lines.size() == 1);
    CHECK(lines[0]["domain"] == "_unmatched");
  }
}

TEST_CASE("outcome: last words at the door are neither an answer nor billed") {
  OutcomeCase one;
  Outcome outcome(one.scene.context, one.request);
  outcome.refuse({.status = 503, .cause = Cause::overload, .why = "full", .gate = Gate::full});
  outcome.turned_away(150);
  CHECK(one.scene.unmatched_answers(503) == 0);
  CHECK(one.metered_answers(503) == 0);
  CHECK(one.refused(Cause::overload) == 1);
  CHECK(one.scene.metered()[Field::client_http_out] == 0);
  const auto lines = one.file.lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0]["return_code"] == 503);
  CHECK(lines[0]["response_size"] == 150);
}
