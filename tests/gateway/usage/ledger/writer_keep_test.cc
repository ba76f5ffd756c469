#include <doctest/doctest.h>

#include "gateway/usage/ledger/writer.h"
#include "tests/gateway/usage/ledger/ledger_scene.h"
#include "tests/gateway/usage/ledger/ledger_site.h"

using gateway::usage::BudgetPlan;
using gateway::usage::BudgetStanding;
using std::chrono::seconds;
using tests::Boot;
using tests::bytes_out;
using tests::kNoon;
using tests::LedgerSite;

TEST_CASE("ledger writer: rows older than keep go, but not those that a budget counts") {
  const LedgerSite site;
  {
    auto ledger = tests::opened(site.ledger());
    tests::must_write(ledger, {tests::row_of("a", kNoon - 86400 * 40, 1, true),
                               tests::row_of("a", kNoon - 86400 * 10, 2, true),
                               tests::row_of("a", kNoon - 300, 4, true)});
  }
  Boot boot(site.path(), "boot-1", 1, std::chrono::hours{24});
  SUBCASE("no budget") {
    CHECK(boot.flush());
    CHECK(bytes_out(site.ledger()) == 4);
  }
  SUBCASE("a budget for the month") {
    BudgetPlan plan;
    plan.traffic = 1000;
    boot.writer().use_budgets({{"a", plan}}, {});
    CHECK(boot.flush());
    CHECK(bytes_out(site.ledger()) == 6);
  }
}

TEST_CASE("ledger writer: a clock that is a year ahead does not cost the ledger") {
  const LedgerSite site;
  {
    auto ledger = tests::opened(site.ledger());
    tests::must_write(ledger, {tests::row_of("a", kNoon - 86400 * 40, 1, true),
                               tests::row_of("a", kNoon - 86400 * 10, 2, true)});
  }
  Boot boot(site.path(), "boot-1");
  boot.tick_by(std::chrono::hours{24 * 365});
  CHECK(boot.flush());
  CHECK(bytes_out(site.ledger()) == 3);
}

TEST_CASE(
    "ledger writer: a budget counts this and earlier runs, and tells each change of standing") {
  const LedgerSite site;
  {
    Boot before(site.path(), "boot-1");
    before.add(0, "a", 500);
    CHECK(before.flush());
    before.add(0, "a", 200);  // in its meters alone
  }
  Boot boot(site.path(), "boot-2");
  BudgetPlan plan;
  plan.traffic = 1000;
  plan.standing = std::make_shared<std::atomic<BudgetStanding>>(BudgetStanding::within);
  const auto standing = plan.standing;
  std::string told;
  boot.writer().use_budgets({{"a", plan}}, [&told](const std::string& domain, BudgetStanding now) {
    told += domain + "=" + std::string(to_string(now)) + " ";
  });
  CHECK(boot.flush());
  CHECK(*standing == BudgetStanding::within);
  boot.add(1, "a", 100);
  CHECK(boot.flush());
  CHECK(*standing == BudgetStanding::soft);
  boot.next_bucket();
  boot.add(0, "a", 199);
  for (int i = 0; i < 3; ++i) CHECK(boot.flush());
  CHECK(*standing == BudgetStanding::soft);
  boot.add(0, "a", 1);
  CHECK(boot.flush());
  CHECK(*standing == BudgetStanding::hard);
  boot.tick(seconds{gateway::usage::period_end(BudgetPlan::Period::month, kNoon)});
  for (int i = 0; i < 3; ++i) CHECK(boot.flush());
  CHECK(*standing == BudgetStanding::within);
  CHECK(told == "a=soft a=hard a=within ");
}

TEST_CASE("ledger writer: a larger budget after a reload lets a domain in again") {
  const LedgerSite site;
  Boot boot(site.path(), "boot-1");
  BudgetPlan plan;
  plan.traffic = 10;
  boot.writer().use_budgets({{"a", plan}}, {});
  boot.add(0, "a", 10);
  CHECK(boot.flush());
  plan.traffic = 100;
  plan.standing = std::make_shared<std::atomic<BudgetStanding>>(BudgetStanding::hard);
  boot.writer().use_budgets({{"a", plan}}, {});
  CHECK(boot.flush());
  CHECK(*plan.standing == BudgetStanding::within);
}
