#include "gateway/route/change.h"

#include <string>

#include <doctest/doctest.h>

#include "tests/support/building.h"

using namespace tests;
using gateway::route::Change;
using gateway::route::change_between;

namespace {

std::string echo(const std::string& name, const std::string& more = "") {
  return "  - { domain: " + name + ".example.com, origin: { builtin: echo }" + more + " }\n";
}

}  // namespace

TEST_CASE("change: from nothing all domains are added") {
  Building building;
  const auto now = building.snapshot(echo("a") + echo("b"));
  const Change change = change_between(nullptr, now);
  CHECK(change.added == now->domains);
  CHECK(change.removed.empty());
  CHECK(change.changed.empty());
  CHECK(change.same == 0);
}

TEST_CASE("change: one domain is added, one removed, one changed, and the rest are the same") {
  Building building;
  const auto before = building.snapshot(echo("a") + echo("b") + echo("c") + echo("d"));
  const auto now = building.snapshot(
      echo("e") + echo("b", ", websocket: { enabled: true }") + echo("d") + echo("a"), *before);
  const Change change = change_between(before, now);
  REQUIRE(change.added.size() == 1);
  CHECK(change.added[0] == now->domains[0]);
  REQUIRE(change.removed.size() == 1);
  CHECK(change.removed[0] == before->domains[2]);
  REQUIRE(change.changed.size() == 1);
  CHECK(change.changed[0].before == before->domains[1]);
  CHECK(change.changed[0].now == now->domains[1]);
  CHECK(change.same == 2);
  CHECK(change.built() == 2);
  std::string gone;
  change.for_each_gone([&](const auto& domain) { gone += domain->label + ' '; });
  CHECK(gone == "c.example.com b.example.com ");
  std::string fresh;
  change.for_each_new([&](const auto& domain) { fresh += domain->label + ' '; });
  CHECK(fresh == "e.example.com b.example.com ");
}

TEST_CASE("change: what stands in front of it or behind it makes no domain another one") {
  Building building;
  const std::string middle = echo("b") + echo("c") + echo("d");
  const auto before = building.snapshot(echo("a") + middle + echo("e"));
  const auto told = [&](const std::string& text) {
    const Change change = change_between(before, building.snapshot(text, *before));
    return std::to_string(change.added.size()) + " added, " +
           std::to_string(change.removed.size()) + " removed, " +
           std::to_string(change.changed.size()) + " changed, " + std::to_string(change.same) +
           " same";
  };
  CHECK(told(echo("0") + echo("a") + middle + echo("e")) ==
        "1 added, 0 removed, 0 changed, 5 same");
  CHECK(told(echo("a") + middle + echo("e") + echo("f")) ==
        "1 added, 0 removed, 0 changed, 5 same");
  CHECK(told(middle + echo("e")) == "0 added, 1 removed, 0 changed, 4 same");
  CHECK(told(echo("a") + middle) == "0 added, 1 removed, 0 changed, 4 same");
  CHECK(told(middle) == "0 added, 2 removed, 0 changed, 3 same");
  CHECK(told(echo("e") + middle + echo("a")) == "0 added, 0 removed, 0 changed, 5 same");
  CHECK(told(echo("a") + echo("b") + echo("x") + echo("d") + echo("e")) ==
        "1 added, 1 removed, 0 changed, 4 same");
}

TEST_CASE("change: the same configuration once more changes nothing") {
  Building building;
  const auto before = building.snapshot(echo("a") + echo("b"));
  const auto now = building.snapshot(echo("a") + echo("b"), *before);
  const Change change = change_between(before, now);
  CHECK(change.same == 2);
  CHECK(change.built() == 0);
  CHECK(change.removed.empty());
}

TEST_CASE(
    "change: pools are told by their labels, and those of domains that are the same are not") {
  const auto pool = [](const std::string& name, const std::string& server) {
    return "  - { domain: " + name + ".example.com, origin: { servers: [{ address: \"" + server +
           "\" }] } }\n";
  };
  Building building;
  const auto before = building.snapshot(pool("a", "10.0.0.1") + pool("b", "10.0.0.1") +
                                        pool("c", "10.0.0.1") + pool("d", "10.0.0.1"));
  const auto now = building.snapshot(
      pool("a", "10.0.0.1") + pool("b", "10.0.0.2") + echo("d") + pool("e", "10.0.0.1"), *before);
  const Change change = change_between(before, now);
  std::string told;
  for (const auto& [old, next] : change.pools)
    told += (old ? old->label : "none") + " > " + (next ? next->label : "none") + "\n";
  CHECK(told ==
        "c.example.com#/ > none\n"
        "b.example.com#/ > b.example.com#/\n"
        "d.example.com#/ > none\n"
        "none > e.example.com#/\n");
  CHECK(now->share(*change.pools[1].now) == change.pools[1].now);
  CHECK(now->share(*change.pools[1].before) == nullptr);
}
