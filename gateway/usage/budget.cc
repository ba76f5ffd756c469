#include "gateway/usage/budget.h"

#include <algorithm>
#include <chrono>

namespace gateway::usage {

namespace {

namespace chrono = std::chrono;

uint64_t share_base(uint64_t limit) { return std::max<uint64_t>(limit, 1); }

double share(uint64_t used, uint64_t limit) {
  return static_cast<double>(used) / static_cast<double>(share_base(limit));
}

chrono::sys_days day_of(int64_t unix_seconds) {
  return chrono::floor<chrono::days>(chrono::sys_seconds(chrono::seconds(unix_seconds)));
}

int64_t seconds_of(chrono::sys_days day) {
  return chrono::duration_cast<chrono::seconds>(day.time_since_epoch()).count();
}

}  // namespace

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

int64_t period_begin(BudgetPlan::Period period, int64_t now) {
  const chrono::sys_days day = day_of(now);
  if (period == BudgetPlan::Period::day) return seconds_of(day);
  const chrono::year_month_day date(day);
  return seconds_of(chrono::sys_days(date.year() / date.month() / 1));
}

int64_t period_end(BudgetPlan::Period period, int64_t now) {
  const chrono::sys_days day = day_of(now);
  if (period == BudgetPlan::Period::day) return seconds_of(day + chrono::days(1));
  const chrono::year_month_day date(day);
  return seconds_of(chrono::sys_days((date.year() / date.month() + chrono::months(1)) / 1));
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
  if (plan.messages)
    uses.push_back({BudgetUse::Of::messages,
                    used[Field::text_messages_in] + used[Field::text_messages_out] +
                        used[Field::binary_messages_in] + used[Field::binary_messages_out],
                    *plan.messages});
  return uses;
}

BudgetStanding judge(const BudgetPlan& plan, const Totals& used) {
  BudgetStanding standing = BudgetStanding::within;
  for (const BudgetUse& use : budget_uses(plan, used)) {
    if (use.used >= use.limit) return BudgetStanding::hard;
    if (share(use.used, use.limit) * 100 >= plan.soft_percent) standing = BudgetStanding::soft;
  }
  return standing;
}

double used_share(const BudgetPlan& plan, const Totals& used) {
  double largest = 0;
  for (const BudgetUse& use : budget_uses(plan, used))
    largest = std::max(largest, share(use.used, use.limit));
  return largest;
}

}  // namespace gateway::usage
