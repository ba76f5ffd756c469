#include "gateway/origin/candidates.h"

#include <doctest/doctest.h>

using gateway::net::Address;
using gateway::origin::Candidate;
using gateway::origin::Candidates;
using gateway::origin::Trail;

namespace {

Candidate at(const char* host, uint16_t port) {
  return {.address = *Address::parse(host, port), .port = port};
}

// Two ports, and two addresses at each.
Candidates some() {
  return Candidates(
      {at("10.0.0.1", 80), at("10.0.0.2", 80), at("10.0.0.1", 81), at("10.0.0.2", 81)});
}

}  // namespace

TEST_CASE("candidates: come in their order, and another port of one address is no other host") {
  Candidates all({at("10.0.0.1", 80), at("10.0.0.1", 81), at("10.0.0.2", 80)});
  CHECK_FALSE(all.next_is_elsewhere());  // than none
  all.go_on();
  CHECK(all.current().address == *Address::parse("10.0.0.1", 80));
  CHECK_FALSE(all.next_is_elsewhere());
  all.go_on();
  CHECK(all.current().port == 81);
  CHECK(all.next_is_elsewhere());
  all.go_on();
  CHECK(all.empty());
}

TEST_CASE("candidates: those of a port, of other hosts, or all of them may be dropped") {
  Candidates port = some();
  port.go_on();
  port.drop_same_port();
  port.go_on();
  CHECK(port.current().port == 81);
  CHECK(port.current().address.host() == "10.0.0.1");
  Candidates host = some();
  host.go_on();
  host.drop_other_hosts();
  host.go_on();
  CHECK(host.current().address == *Address::parse("10.0.0.1", 81));
  CHECK(host.empty());
  Candidates all = some();
  all.drop_all();
  CHECK(all.empty());
}

TEST_CASE("candidates: one that the trail has been to is not untried") {
  Candidates all({at("10.0.0.1", 80), at("10.0.0.2", 80)});
  Trail trail;
  trail.add_tried(*Address::parse("10.0.0.1", 1));
  CHECK(all.has_untried(trail));
  trail.add_tried(*Address::parse("10.0.0.2", 1));
  CHECK_FALSE(all.has_untried(trail));
}
