#include "gateway/usage/ledger/budgets.h"

#include <doctest/doctest.h>

#include "tests/gateway/usage/ledger/ledger_scene.h"
#include "tests/support/folder.h"

using gateway::usage::BudgetPlan;
using gateway::usage::BudgetStanding;

TEST_CASE("FX12 budget watch: says once that a budget is used up, and not with each flush") {
  const tests::Folder folder;
  tests::Boot boot(folder.path(), "boot-1", 1);
  BudgetPlan plan;
  plan.traffic = 10;
  int told = 0;
  boot.writer().use_budgets({{"a", plan}}, [&told](const std::string&, BudgetStanding now) {
    told += now == BudgetStanding::hard ? 1 : 0;
  });
  boot.add(0, "a", 10);
  for (int i = 0; i < 3; ++i) CHECK(boot.flush());
  CHECK(told == 1);
}

TEST_CASE("budget watch: a reload hears of a budget that was used up before it") {
  const tests::Folder folder;
  tests::Boot boot(folder.path(), "boot-1", 1);
  BudgetPlan plan;
  plan.traffic = 10;
  boot.writer().use_budgets({{"a", plan}}, {});
  boot.add(0, "a", 10);
  CHECK(boot.flush());
  BudgetStanding told = BudgetStanding::within;
  boot.writer().use_budgets({{"a", plan}},
                            [&told](const std::string&, BudgetStanding now) { told = now; });
  CHECK(boot.flush());
  CHECK(told == BudgetStanding::hard);
}
