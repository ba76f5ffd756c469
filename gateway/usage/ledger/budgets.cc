#include "gateway/usage/ledger/budgets.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <set>
#include <utility>

#include "gateway/log/log.h"
#include "gateway/usage/ledger/ledger.h"

namespace gateway::usage::ledger {

namespace {

// "500 GB", "1.5 TB": a budget is written in the powers of ten that it is billed in.
std::string bytes_text(uint64_t bytes) {
  constexpr std::array<std::string_view, 6> kUnits{"B", "kB", "MB", "GB", "TB", "PB"};
  size_t unit = 0;
  auto value = static_cast<double>(bytes);
  for (; value >= 1000 && unit + 1 < kUnits.size(); ++unit) value /= 1000;
  char text[40];
  std::snprintf(text, sizeof text, "%.6g ", value);
  return text + std::string(kUnits[unit]);
}

std::string limit_text(const BudgetUse& use) {
  switch (use.of) {
    case BudgetUse::Of::traffic:
      return "traffic budget of " + bytes_text(use.limit);
    case BudgetUse::Of::connection_seconds:
      return "budget of " + std::to_string(use.limit) + " connection-seconds";
    case BudgetUse::Of::messages:
      return "budget of " + std::to_string(use.limit) + " messages";
  }
  return {};
}

void say_standing(const std::string& domain, const BudgetPlan& plan, const Totals& used,
                  BudgetStanding standing) {
  const auto uses = budget_uses(plan, used);
  const auto fullest = std::ranges::max_element(uses, {}, &BudgetUse::share);
  if (fullest == uses.end()) return;
  const bool month = plan.period == BudgetPlan::Period::month;
  const std::string of = limit_text(*fullest) + (month ? " for the month" : " for the day");
  const auto percent = static_cast<uint64_t>(fullest->share() * 100);
  if (standing == BudgetStanding::hard)
    return log::say(log::Level::warning, "usage: domain " + domain + " has used up its " + of +
                                             ": new upgrades are refused");
  log::say(standing == BudgetStanding::soft ? log::Level::warning : log::Level::info,
           "usage: domain " + domain + " has used " + std::to_string(percent) + " % of its " + of);
}

}  // namespace

void Budgets::use(std::map<std::string, BudgetPlan> plans, Changed changed) {
  const std::lock_guard lock(mutex_);
  coming_ = std::move(plans);
  changed_coming_ = std::move(changed);
}

void Budgets::take_plans() {
  const std::lock_guard lock(mutex_);
  if (!coming_) return;
  changed_ = std::move(changed_coming_);
  std::map<std::string, Account> accounts;
  for (auto& [domain, plan] : *coming_) {
    if (!plan.limits_anything()) continue;
    // What a domain has used does not change with its plan.
    const auto known = accounts_.find(domain);
    Account account = known != accounts_.end() ? std::move(known->second) : Account{};
    account.plan = std::move(plan);
    account.is_told = false;
    accounts.emplace(domain, std::move(account));
  }
  accounts_ = std::move(accounts);
  coming_.reset();
}

void Budgets::follow(int64_t now, const LiveRows& live, const std::string& file_path) {
  take_plans();
  if (accounts_.empty()) return;
  for (auto& [domain, account] : accounts_) {
    const int64_t begin = period_begin(account.plan.period, now);
    if (begin == account.begin) continue;
    account.begin = begin;
    account.past = {};
    account.is_read = false;
  }
  read(file_path, live);
  std::map<std::string, Totals> used;
  for (const auto& [domain, account] : accounts_) used[domain] = account.past;
  for (const auto& [key, entry] : live.entries()) {
    const auto account = accounts_.find(key.domain);
    if (account != accounts_.end() && key.bucket >= account->second.begin)
      used[key.domain] += entry.seen;
  }
  for (auto& [domain, account] : accounts_) weigh(domain, account, used[domain]);
}

void Budgets::read(const std::string& file_path, const LiveRows& live) {
  std::map<int64_t, std::set<std::string>> wanted;  // by the period's begin
  for (const auto& [domain, account] : accounts_) {
    if (!account.is_read) wanted[account.begin].insert(domain);
  }
  if (wanted.empty()) return;
  const auto reader = Reader::open(file_path);
  if (!reader) return;
  for (const auto& [begin, domains] : wanted) {
    // To the end of time: a bucket of a clock that was ahead was used all the same.
    Selection selection{{domains.begin(), domains.end()}, begin, INT64_MAX / 1000};
    std::map<std::string, Totals> sums;
    const std::string error = (*reader)->read(selection, [&](const Row& row) {
      if (!live.entries().contains(row.key)) sums[row.key.domain] += row.totals;
    });
    if (!error.empty()) continue;
    for (const std::string& domain : domains) {
      accounts_[domain].past = sums[domain];
      accounts_[domain].is_read = true;
    }
  }
}

void Budgets::weigh(const std::string& domain, Account& account, const Totals& used) {
  const BudgetStanding standing = judge(account.plan, used);
  if (account.plan.standing) account.plan.standing->store(standing, std::memory_order_relaxed);
  const bool is_new = standing != account.standing;
  account.standing = standing;
  if (is_new) say_standing(domain, account.plan, used, standing);
  // Told again after a reload, which may want open sessions to end that were left alone before.
  const bool is_owed = standing == BudgetStanding::hard && !account.is_told;
  account.is_told = true;
  if (changed_ && (is_new || is_owed)) changed_(domain, standing);
}

void Budgets::settle(const Row& row) {
  const auto account = accounts_.find(row.key.domain);
  if (account != accounts_.end() && row.key.bucket >= account->second.begin)
    account->second.past += row.totals;
}

void Budgets::read_again() {
  for (auto& [domain, account] : accounts_) account.is_read = false;
}

int64_t Budgets::needed_from(int64_t now) {
  take_plans();
  int64_t earliest = now;
  for (const auto& [domain, account] : accounts_)
    earliest = std::min(earliest, period_begin(account.plan.period, now));
  return earliest;
}

}  // namespace gateway::usage::ledger
