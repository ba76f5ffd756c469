// Follows what the domains with a budget have used in their periods, and says when a limit is met.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "gateway/usage/budget.h"
#include "gateway/usage/ledger/live_rows.h"

namespace gateway::usage::ledger {

// use() is for any thread, the rest for the ledger's.
class Budgets {
 public:
  // Called when a standing has changed, and once for each that is hard when plans have come.
  using Changed = std::function<void(const std::string& domain, BudgetStanding now)>;
  void use(std::map<std::string, BudgetPlan> plans, Changed changed);

  // What is used now: what the ledger had when the period was begun here, the rows that went since
  // and those that live. Reads the ledger for domains or periods that are new; while it cannot be
  // read, what this process has counted stands alone.
  void follow(int64_t now, const LiveRows& live, const std::string& file_path);
  // A row that is durable is about to leave the live ones.
  void settle(const Row& row);
  // Something was added to the ledger that did not come through live rows, or it is another one.
  void read_again();
  // The ledger must keep what begins here and later.
  int64_t needed_from(int64_t now);

 private:
  struct Account {
    BudgetPlan plan;
    int64_t begin = 0;
    Totals past;           // in this period, without live rows
    bool is_read = false;  // `past` is known from the ledger
    BudgetStanding standing = BudgetStanding::within;
    bool is_told = false;  // since the plans came
  };
  void take_plans();
  void read(const std::string& file_path, const LiveRows& live);
  void weigh(const std::string& domain, Account& account, const Totals& used);

  std::mutex mutex_;  // of the two that use() leaves
  std::optional<std::map<std::string, BudgetPlan>> coming_;
  Changed changed_coming_;

  Changed changed_;
  std::map<std::string, Account> accounts_;
};

}  // namespace gateway::usage::ledger
