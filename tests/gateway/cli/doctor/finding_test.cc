#include "gateway/cli/doctor/finding.h"

#include <doctest/doctest.h>

using namespace gateway::cli::doctor;

namespace {

Findings all(const Finding& finding) {
  Findings findings;
  findings.fill(finding);
  return findings;
}

Findings with(std::initializer_list<Step> broken) {
  Findings findings = all(passed("well"));
  for (const Step step : broken) findings[static_cast<size_t>(step)] = failed("broken");
  return findings;
}

}  // namespace

TEST_CASE("finding: a line has the step, its name, the result and the text") {
  CHECK(line_of(Step::connection, passed("101 in 12 ms")) == "1/6 connection  ok  101 in 12 ms");
  CHECK(line_of(Step::port, failed("192.0.2.10:443 refused")) ==
        "2/6 port  FAIL  192.0.2.10:443 refused");
  CHECK(line_of(Step::owner, skipped("-")) == "3/6 owner  skip  -");
  CHECK(line_of(Step::proxy, passed("-")) == "4/6 proxy  ok  -");
  CHECK(line_of(Step::https, skipped("no TLS listener")) == "5/6 https  skip  no TLS listener");
  CHECK(line_of(Step::firewall, passed("-")) == "6/6 firewall  ok  -");
}

TEST_CASE("finding: an object of JSON, whatever a peer has said") {
  CHECK(json_of(Step::port, failed("a \"b\"\n"), true) ==
        R"({"step":2,"name":"port","result":"FAIL","text":"a \"b\"\u000a","first_cause":true})");
  CHECK(json_of(Step::https, passed("x"), false) ==
        R"({"step":5,"name":"https","result":"ok","text":"x"})");
}

TEST_CASE("finding: the first cause is the first failure behind the connection") {
  CHECK(first_cause(with({Step::connection, Step::proxy, Step::https})) == Step::proxy);
  CHECK(first_cause(with({Step::firewall})) == Step::firewall);
  CHECK(last_line(with({Step::connection, Step::port, Step::owner})) ==
        "first cause: step 2 (port)");
}

TEST_CASE("finding: the connection is the cause when nothing else has failed") {
  CHECK(last_line(with({Step::connection})) == "first cause: step 1 (connection)");
}

TEST_CASE("finding: what could not be looked at has not failed") {
  CHECK_FALSE(first_cause(all(skipped("-"))));
  CHECK(last_line(all(passed("-"))) == "all 6 steps passed");
}
