// How far a session had come when it ended (outcome/end.h).
#include <ostream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/access_file.h"
#include "tests/support/folder.h"
#include "tests/support/session_stage.h"
#include "tests/support/wire.h"

using namespace tests;
using namespace std::chrono_literals;
using gateway::outcome::Cause;
using proto::ws::CloseCode;
using proto::ws::Opcode;

namespace {

struct Told {
  std::string stage, client, origin, term;
  bool operator==(const Told&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Told& told) {
  return out << told.stage << ' ' << told.client << ' ' << told.origin << ' ' << told.term;
}

// How a session that goes like this is told of in the log; its record must agree.
template <class Story>
Told told_of(Story story) {
  AccessFile file;
  SessionStage stage({.access = &file.log()});
  story(stage);
  stage.pass(1h);
  REQUIRE(stage.ended());
  const LogLine line = file.lines().back();
  CHECK(std::string(to_string(stage.records.take().back().end.stage)) == line["close_stage"]);
  return {line["close_stage"].text(), line["close_stage_client"].text(),
          line["close_stage_origin"].text(), line["term"].text()};
}

void answer(SessionStage& stage, CloseCode code) {
  stage.client.send(client_close(code));
  stage.origin.send(origin_close(code));
  stage.client.end();
  stage.origin.end();
}

void drain(SessionStage& stage) {
  stage.session().close(Cause::drain, CloseCode::service_restart, "restart");
}

}  // namespace

TEST_CASE("FX15 session: the log says how far each end had come") {
  using S = SessionStage;
  CHECK(told_of([](S& s) { answer(s, CloseCode::normal); }) ==
        Told{"closed", "closed", "closed", "CD"});
  CHECK(told_of([](S& s) {
          s.origin.send(origin_close(CloseCode{4000}));
          answer(s, CloseCode{4000});
        }) == Told{"closed", "closed", "closed", "OD"});
  CHECK(told_of([](S& s) { s.client.send(client_close(CloseCode::normal)); }) ==
        Told{"open", "open", "closing", "CO"});
  CHECK(told_of([](S& s) {
          s.client.send(client_close(CloseCode::normal));
          s.origin.end();
        }) == Told{"closing", "closed", "closing", "CC"});
  CHECK(told_of([](S& s) {
          s.client.fail();
          s.origin.send(origin_close(CloseCode::going_away));
          s.origin.end();
        }) == Told{"open", "open", "closed", "CO"});
  CHECK(told_of([](S& s) {
          s.origin.fail();
          s.client.send(client_close(CloseCode::internal_error));
        }) == Told{"open", "closed", "open", "OO"});
  CHECK(told_of([](S& s) {
          drain(s);
          answer(s, CloseCode::service_restart);
        }) == Told{"closed", "closed", "closed", "WD"});
  CHECK(told_of([](S& s) { drain(s); }) == Told{"closing", "closing", "closing", "WC"});
  CHECK(told_of([](S& s) {
          drain(s);
          s.client.send(client_close(CloseCode::service_restart));
        }) == Told{"closing", "closed", "closing", "WC"});
  CHECK(told_of([](S& s) {
          s.origin.send("82 7e 03e8 6162"_wire);
          drain(s);
        }) == Told{"open", "open", "closing", "WO"});
  CHECK(told_of([](S& s) {
          s.client.set_room(0);
          drain(s);
        }) == Told{"open", "open", "closing", "WO"});
  CHECK(told_of([](S& s) { s.client.send("83 80 00000000"_wire); }) ==
        Told{"closing", "closing", "closing", "CC"});
  CHECK(told_of([](S& s) { s.session().abort(); }) == Told{"open", "open", "open", "WO"});
  CHECK(told_of([](S& s) {
          s.client.set_room(0);
          s.origin.send(from_origin(Opcode::text, "x"));
        }) == Told{"open", "open", "closing", "WO"});
}
