#include "gateway/config/document.h"

#include <doctest/doctest.h>

using namespace gateway::config;

TEST_CASE("problem: prints as compilers do, and leaves out what it does not have") {
  Problem problem{{"weir.yaml", 3, 7}, "drain.timeout", "must be whole seconds", false, {}};
  CHECK(to_string(problem) == "weir.yaml:3:7: drain.timeout: must be whole seconds");
  problem.place = {"weir.yaml", 0, 0};
  problem.path.clear();
  CHECK(to_string(problem) == "weir.yaml: must be whole seconds");
  problem = {{"a", 1, 2}, "domains", "no file", true, "W_NO_DOMAINS"};
  CHECK(to_string(problem) == "a:1:2: domains: W_NO_DOMAINS: no file");
}

TEST_CASE("place: documents that say the same in different places are equal") {
  Domain a;
  Domain b;
  a.place = {"a.yaml", 1, 1};
  b.place = {"b.yaml", 9, 9};
  CHECK(a == b);
  b.origin.http_ports = {81};
  CHECK_FALSE(a == b);
}
