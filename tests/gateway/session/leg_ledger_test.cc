#include "gateway/session/leg_ledger.h"

#include <doctest/doctest.h>

#include "gateway/session/tally.h"

using gateway::session::LegLedger;
using gateway::session::Side;
using gateway::session::Tally;
using gateway::usage::Field;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kBegin{1000};

// A ledger, and what its tally has added up.
struct Scene {
  explicit Scene(Side side) : ledger(side, kBegin) {}

  uint64_t metered(Field field) {
    uint64_t sum = 0;
    for (const auto& reading : meters.book(0).read()) sum += reading.totals[field];
    return sum;
  }
  gateway::metrics::Traffic& server() {
    return registry.origin("a.example", "10.0.0.5:80")[0]->traffic;
  }

  gateway::metrics::Registry registry{1};
  gateway::usage::meter::Books meters{{.folder = {}, .node = "n", .boot = "b", .workers = 1}};
  Tally tally{*meters.domain("a.example")[0], server()};
  LegLedger ledger;
};

}  // namespace

TEST_CASE(
    "leg ledger: what came is in no figure until it is counted, or never when it is left out") {
  Scene scene(Side::client);
  LegLedger& ledger = scene.ledger;
  CHECK(ledger.silent());
  ledger.came(30, kBegin);
  CHECK_FALSE(ledger.silent());
  CHECK(ledger.bytes_in() == 0);
  ledger.count(10, scene.tally);
  ledger.leave_out(14);
  CHECK(ledger.bytes_in() == 10);
  CHECK(scene.metered(Field::client_bytes_in) == 10);
  ledger.count_rest(scene.tally);
  CHECK(ledger.bytes_in() == 16);
  CHECK(scene.metered(Field::client_bytes_in) == 16);
  ledger.count_rest(scene.tally);
  CHECK(ledger.bytes_in() == 16);
}

TEST_CASE("leg ledger: bytes out count when the kernel has taken them, payload last") {
  Scene scene(Side::origin);
  LegLedger& ledger = scene.ledger;
  ledger.gave(100, 90, kBegin);
  CHECK(ledger.submitted() == 100);
  CHECK(ledger.taken() == 0);
  ledger.took(100, scene.tally);
  CHECK(scene.metered(Field::origin_bytes_out) == 0);
  // As if nothing but payload stood in the queue.
  ledger.took(95, scene.tally);
  CHECK(ledger.taken() == 5);
  CHECK(ledger.payload_taken() == 0);
  ledger.took(40, scene.tally);
  CHECK(ledger.taken() == 60);
  CHECK(ledger.payload_taken() == 50);
  ledger.took(0, scene.tally);
  CHECK(ledger.taken() == 100);
  CHECK(ledger.payload_taken() == 90);
  CHECK(scene.metered(Field::origin_bytes_out) == 100);
  CHECK(scene.metered(Field::origin_payload_out) == 90);
  CHECK(scene.server().bytes_out.value() == 100);
}

TEST_CASE("leg ledger: frames of our own in the queue delay a count, and take none back") {
  Scene scene(Side::client);
  LegLedger& ledger = scene.ledger;
  ledger.gave(50, 48, kBegin);
  ledger.took(20, scene.tally);
  CHECK(ledger.taken() == 30);
  ledger.gave_own(10, kBegin + milliseconds(5));
  CHECK(ledger.sent() == kBegin + milliseconds(5));
  ledger.took(30, scene.tally);
  CHECK(ledger.taken() == 30);
  ledger.took(12, scene.tally);
  CHECK(ledger.taken() == 38);
  ledger.took(0, scene.tally);
  CHECK(ledger.taken() == 50);
  CHECK(scene.metered(Field::client_bytes_out) == 50);
}

TEST_CASE("leg ledger: knows the longest time between two reads, not the one that goes on") {
  LegLedger ledger(Side::client, kBegin);
  ledger.came(1, kBegin + milliseconds(30));
  ledger.came(1, kBegin + milliseconds(50));
  CHECK(ledger.longest_silence() == milliseconds(30));
  CHECK(ledger.received() == kBegin + milliseconds(50));
  CHECK(ledger.sent() == kBegin);
  // Beyond 49 days there is no telling.
  ledger.came(1, kBegin + std::chrono::hours(24 * 60));
  CHECK(ledger.longest_silence() == milliseconds(UINT32_MAX));
}

TEST_CASE("leg ledger: records are counted by what is new, and those out never go back") {
  Scene scene(Side::client);
  LegLedger& ledger = scene.ledger;
  CHECK_FALSE(ledger.has_records());
  ledger.begin_records();
  ledger.note_records({.in = 40, .out = 100}, scene.tally);
  ledger.note_records({.in = 45, .out = 90}, scene.tally);
  ledger.note_records({.in = 45, .out = 110}, scene.tally);
  CHECK(ledger.records().in == 45);
  CHECK(ledger.records().out == 110);
  CHECK(scene.metered(Field::client_wire_in) == 45);
  CHECK(scene.metered(Field::client_wire_out) == 110);
}

TEST_CASE("leg ledger: what the kernel holds at the end is lost, our own frames and FIN left out") {
  Scene scene(Side::client);
  LegLedger& ledger = scene.ledger;
  ledger.gave(100, 98, kBegin);
  ledger.gave_own(8, kBegin);
  ledger.gave_fin();
  ledger.took(0, scene.tally);
  CHECK(ledger.undelivered(9) == 0);
  CHECK(ledger.undelivered(30) == 21);
  CHECK(ledger.undelivered(1000) == 100);
  // What is forwarded later stands behind them.
  ledger.gave(10, 8, kBegin);
  ledger.took(0, scene.tally);
  CHECK(ledger.undelivered(30) == 30);
}

TEST_CASE("leg ledger: of TLS, records are lost, each byte standing for its share") {
  Scene scene(Side::client);
  LegLedger& ledger = scene.ledger;
  ledger.begin_records();
  ledger.gave(100, 98, kBegin);
  ledger.took(0, scene.tally);
  ledger.note_records({.in = 0, .out = 200}, scene.tally);
  CHECK(ledger.undelivered(60) == 30);
  // A record around our own frame, too.
  ledger.gave_own(4, kBegin);
  CHECK(ledger.undelivered(33) == 0);
  CHECK(ledger.undelivered(43) == 5);
}
