#include "gateway/usage/budget.h"

#include <algorithm>

#include "proto/base/calendar.h"

namespace gateway::usage {

std::string_view to_string(BudgetStanding standing) {
  switch (standing) {
    case BudgetStanding::within:
      return "within";
    case BudgetStanding::soft:
      return "soft";
    case BudgetStanding::hard:
      return "hard";
  }
  return "within";
}

BudgetPlan budget_plan(const config::DomainUsage& settings) {
  const config::Budget& budget = settings.budget;
  return {.traffic = budget.traffic,
          .connection_seconds = budget.connection_seconds,
          .messages = budget.messages,
          .period = budget.period,
          .soft_percent = budget.soft_percent,
          .both_directions = settings.direction == config::DomainUsage::Direction::both,
          .standing = nullptr};
}

int64_t period_begin(BudgetPlan::Period period, int64_t now) {
  return period == BudgetPlan::Period::day ? proto::day_begin(now, 0) : proto::month_begin(now, 0);
}

int64_t period_end(BudgetPlan::Period period, int64_t now) {
  return period == BudgetPlan::Period::day ? proto::day_begin(now, 0) + proto::kDaySeconds
                                           : proto::next_month(now, 0);
}

double BudgetUse::share() const {
  return static_cast<double>(used) / static_cast<double>(std::max<uint64_t>(limit, 1));
}

std::vector<BudgetUse> budget_uses(const BudgetPlan& plan, const Totals& used) {
  std::vector<BudgetUse> uses;
  if (plan.traffic) {
    const uint64_t in = plan.both_directions ? used[Field::client_bytes_in] : 0;
    uses.push_back({BudgetUse::Of::traffic, used[Field::client_bytes_out] + in, *plan.traffic});
  }
  if (plan.connection_seconds)
    uses.push_back({BudgetUse::Of::connection_seconds, used[Field::connection_milliseconds] / 1000,
                    *plan.connection_seconds});
  if (plan.messages) uses.push_back({BudgetUse::Of::messages, messages(used), *plan.messages});
  return uses;
}

BudgetStanding judge(const BudgetPlan& plan, const Totals& used) {
  BudgetStanding standing = BudgetStanding::within;
  for (const BudgetUse& use : budget_uses(plan, used)) {
    if (use.used >= use.limit) return BudgetStanding::hard;
    if (use.share() * 100 >= plan.soft_percent) standing = BudgetStanding::soft;
  }
  return standing;
}

double used_share(const BudgetPlan& plan, const Totals& used) {
  double largest = 0;
  for (const BudgetUse& use : budget_uses(plan, used)) largest = std::max(largest, use.share());
  return largest;
}

}  // namespace gateway::usage
