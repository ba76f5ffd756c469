#include "gateway/usage/budget.h"

#include <doctest/doctest.h>

using gateway::usage::BudgetPlan;
using gateway::usage::BudgetStanding;
using gateway::usage::Field;
using gateway::usage::judge;
using gateway::usage::period_begin;
using gateway::usage::period_end;
using gateway::usage::Totals;
using gateway::usage::used_share;

namespace {

constexpr auto kDay = BudgetPlan::Period::day;
constexpr auto kMonth = BudgetPlan::Period::month;

Totals used(Field field, uint64_t number) {
  Totals totals;
  totals[field] = number;
  return totals;
}

}  // namespace

TEST_CASE("budget: periods are days and months of UTC") {
  CHECK(period_begin(kDay, 1'764'072'000) == 1'764'028'800);
  CHECK(period_end(kDay, 1'764'072'000) == 1'764'115'200);
  CHECK(period_begin(kMonth, 1'764'072'000) == 1'761'955'200);  // 2025-11-01
  CHECK(period_end(kMonth, 1'764'072'000) == 1'764'547'200);    // 2025-12-01
  CHECK(period_begin(kMonth, 1'761'955'200) == 1'761'955'200);
  CHECK(period_begin(kMonth, 1'761'955'199) == 1'759'276'800);  // 2025-10-01
  CHECK(period_end(kMonth, 1'767'000'000) == 1'767'225'600);    // 2026-01-01
  CHECK(period_end(kMonth, 1'709'000'000) == 1'709'251'200);    // 2024-03-01, a leap year
}

TEST_CASE("budget: the soft limit is a share, the hard one the whole") {
  BudgetPlan plan;
  plan.traffic = 1000;
  CHECK(judge(plan, used(Field::client_bytes_out, 799)) == BudgetStanding::within);
  CHECK(judge(plan, used(Field::client_bytes_out, 800)) == BudgetStanding::soft);
  CHECK(judge(plan, used(Field::client_bytes_out, 999)) == BudgetStanding::soft);
  CHECK(judge(plan, used(Field::client_bytes_out, 1000)) == BudgetStanding::hard);
  CHECK(used_share(plan, used(Field::client_bytes_out, 800)) == doctest::Approx(0.8));
  plan.soft_percent = 100;
  CHECK(judge(plan, used(Field::client_bytes_out, 999)) == BudgetStanding::within);
}

TEST_CASE("budget: traffic is what is billed") {
  BudgetPlan plan;
  plan.traffic = 1000;
  Totals totals = used(Field::client_bytes_in, 5000);
  CHECK(judge(plan, totals) == BudgetStanding::within);
  plan.both_directions = true;
  CHECK(judge(plan, totals) == BudgetStanding::hard);
}

TEST_CASE("budget: any limit counts, in its own unit") {
  BudgetPlan plan;
  CHECK_FALSE(plan.limits_anything());
  CHECK(judge(plan, used(Field::client_bytes_out, UINT64_MAX)) == BudgetStanding::within);
  plan.connection_seconds = 10;
  CHECK(judge(plan, used(Field::connection_milliseconds, 9999)) == BudgetStanding::soft);
  CHECK(judge(plan, used(Field::connection_milliseconds, 10'000)) == BudgetStanding::hard);
  plan.connection_seconds.reset();
  plan.messages = 4;
  Totals totals = used(Field::text_messages_in, 1);
  totals[Field::text_messages_out] = 1;
  totals[Field::binary_messages_in] = 1;
  CHECK(judge(plan, totals) == BudgetStanding::within);
  totals[Field::binary_messages_out] = 1;
  CHECK(judge(plan, totals) == BudgetStanding::hard);
}

TEST_CASE("budget: nothing is more than a budget of nothing") {
  BudgetPlan plan;
  plan.traffic = 0;
  CHECK(judge(plan, {}) == BudgetStanding::hard);
}

TEST_CASE("budget: a plan is what was configured") {
  gateway::config::DomainUsage settings;
  CHECK_FALSE(gateway::usage::budget_plan(settings).limits_anything());
  settings.direction = gateway::config::DomainUsage::Direction::both;
  settings.budget = {.traffic = 10,
                     .connection_seconds = 20,
                     .messages = 30,
                     .period = kDay,
                     .soft_percent = 50,
                     .close = true};
  const BudgetPlan plan = gateway::usage::budget_plan(settings);
  CHECK(plan.traffic == 10);
  CHECK(plan.connection_seconds == 20);
  CHECK(plan.messages == 30);
  CHECK(plan.period == kDay);
  CHECK(plan.soft_percent == 50);
  CHECK(plan.both_directions);
  CHECK(plan.standing == nullptr);
}
