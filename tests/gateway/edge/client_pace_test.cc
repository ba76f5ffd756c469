#include "gateway/edge/client_pace.h"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using gateway::edge::ClientPace;
using Late = ClientPace::Late;
using std::chrono::milliseconds;

TEST_CASE("E10 client pace: no byte of a body for body_timeout is too late") {
  const gateway::config::Http settings;
  ClientPace pace(settings);
  CHECK_FALSE(pace.due());
  pace.body_wanted(1000ms);
  REQUIRE(pace.due());
  CHECK(*pace.due() <= 31'000ms);
  CHECK(pace.look(30'999ms, 0) == Late::nothing);
  CHECK(pace.look(31'000ms, 0) == Late::body_silent);
}

TEST_CASE("E10 client pace: the body's clock stands while nobody wants to read it") {
  const gateway::config::Http settings;
  ClientPace pace(settings);
  pace.body_wanted(0ms);
  pace.body_came(20'000ms, 10'000);
  pace.body_unwanted(21'000ms);
  CHECK_FALSE(pace.due());
  CHECK(pace.look(500'000ms, 0) == Late::nothing);
  pace.body_wanted(500'000ms);
  CHECK(pace.look(529'000ms, 0) == Late::nothing);
  CHECK(pace.look(530'000ms, 0) == Late::body_silent);
}

TEST_CASE("E10 client pace: a dripped body is too slow within any minute of reading") {
  // A burst first, then a byte each second: the burst helps for a minute.
  for (const size_t burst : {size_t{0}, size_t{1'000'000}}) {
    CAPTURE(burst);
    const gateway::config::Http settings;
    ClientPace pace(settings);
    pace.body_wanted(0ms);
    pace.body_came(0ms, burst);
    milliseconds now = 0ms;
    Late late = Late::nothing;
    while (late == Late::nothing && now < 200s) {
      now += 1s;
      pace.body_came(now, 1);
      late = pace.look(now, 0);
    }
    CHECK(late == Late::body_slow);
    CHECK(now == (burst == 0 ? 60s : 70s));
  }
}

TEST_CASE("E10 client pace: a body at its rate goes on, and so does any with body_rate: off") {
  gateway::config::Http settings;
  for (const bool off : {false, true}) {
    if (off) settings.body_rate.reset();
    ClientPace pace(settings);
    pace.body_wanted(0ms);
    for (milliseconds now = 1s; now < 600s; now += 1s) {
      pace.body_came(now, off ? 1 : 140);
      REQUIRE(pace.look(now, 0) == Late::nothing);
    }
  }
}

TEST_CASE("E10 client pace: an answer that nobody takes for send_stall_timeout is stalled") {
  gateway::config::Http settings;
  ClientPace pace(settings);
  pace.answer_waits(0ms, 100);
  CHECK(*pace.due() == ClientPace::kStallCheck);
  CHECK(pace.look(10s, 100) == Late::nothing);
  CHECK(pace.look(19s, 101) == Late::nothing);  // it has taken a byte
  CHECK(pace.look(38'900ms, 101) == Late::nothing);
  CHECK(pace.look(39s, 101) == Late::stalled);
  pace.answer_taken();
  CHECK_FALSE(pace.due());

  settings.send_stall_timeout.reset();
  ClientPace patient(settings);
  patient.answer_waits(0ms, 0);
  CHECK_FALSE(patient.due());
  CHECK(patient.look(3600s, 0) == Late::nothing);
}
