#include "gateway/usage/answers/verification.h"

#include <doctest/doctest.h>

using gateway::usage::answers::Difference;
using gateway::usage::answers::to_text;
using gateway::usage::answers::Verification;

TEST_CASE("verification: says in one line what was compared when nothing differs") {
  Verification found;
  found.notes = {"2 sessions have no stop record"};
  found.meter_files = 2;
  found.slots_compared = 3;
  found.rows = 7;
  found.sessions = 5;
  found.exact = 1;
  found.bounded = 4;
  CHECK(to_text(found) ==
        "note: 2 sessions have no stop record\n"
        "verified: 7 rows of the ledger, 3 of them with slots of 2 meter files; 5 session records, "
        "those of 1 boots and domains to the byte, of 4 as a lower bound; 0 differences\n");
}

TEST_CASE("verification: a difference names what it is of, and has the figures that there are") {
  Difference difference;
  difference.node = "n1";
  difference.boot = "b1";
  difference.domain = "a.example";
  difference.bucket = 1'795'341'600;
  difference.number = "http_answers.200";
  difference.meters = 5;
  difference.ledger = 7;
  difference.why = "the ledger has more than was metered";
  Verification found;
  found.differences = {difference};
  found.differences_found = 1;
  const std::string text = to_text(found);
  CHECK(
      text.starts_with("difference: node=n1 boot=b1 domain=a.example bucket=2026-11-22T10:00:00Z "
                       "field=http_answers.200 meters=5 ledger=7: the ledger has more than was "
                       "metered\nNOT verified: "));
  CHECK(text.find("records=") == std::string::npos);
}

TEST_CASE("verification: what a terminal could obey is written out") {
  Difference difference;
  difference.domain = "a\x1b[31m";
  difference.why = "line\nbreak";
  Verification found;
  found.differences = {difference};
  found.differences_found = 1;
  const std::string text = to_text(found);
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find("line\nbreak") == std::string::npos);
}

TEST_CASE("verification: beyond those that are kept the others are counted") {
  Verification found;
  found.differences.resize(Verification::kMostDifferences);
  found.differences_found = Verification::kMostDifferences + 12;
  const std::string text = to_text(found);
  CHECK(text.find("\nand 12 differences more\n") != std::string::npos);
  CHECK(text.find("1012 differences\n") != std::string::npos);
}
