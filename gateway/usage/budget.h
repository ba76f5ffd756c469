// Budgets: how much a domain may use in a day or month, and where it stands.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/document.h"
#include "gateway/usage/totals.h"

namespace gateway::usage {

// hard: new upgrades are refused.
enum class BudgetStanding : uint8_t { within, soft, hard };
std::string_view to_string(BudgetStanding standing);

struct BudgetPlan {
  using Period = config::Budget::Period;  // UTC
  std::optional<uint64_t> traffic;        // bytes of the billed direction
  std::optional<uint64_t> connection_seconds;
  std::optional<uint64_t> messages;  // both directions
  Period period = Period::month;
  double soft_percent = 80;
  bool both_directions = false;  // of traffic: client_bytes_out alone, or in and out
  // Told where it stands: read by the workers at each upgrade. Outlives the plan's use.
  std::shared_ptr<std::atomic<BudgetStanding>> standing;

  bool limits_anything() const { return traffic || connection_seconds || messages; }
};
// As configured; nobody is told of its standing yet.
BudgetPlan budget_plan(const config::DomainUsage& settings);

// Unix seconds at which the period of `now` began; the next one begins at period_end.
int64_t period_begin(BudgetPlan::Period period, int64_t now);
int64_t period_end(BudgetPlan::Period period, int64_t now);

// How much of one limit is used.
struct BudgetUse {
  enum class Of : uint8_t { traffic, connection_seconds, messages };
  Of of = Of::traffic;
  uint64_t used = 0;
  uint64_t limit = 0;

  double share() const;  // 0.8 is 80 %; above 1 when the limit was passed
};
// Of the limits that the plan has.
std::vector<BudgetUse> budget_uses(const BudgetPlan& plan, const Totals& used);

// Where `used` (of this period) leaves a domain.
BudgetStanding judge(const BudgetPlan& plan, const Totals& used);
// The largest share of its limits that is used.
double used_share(const BudgetPlan& plan, const Totals& used);

}  // namespace gateway::usage
