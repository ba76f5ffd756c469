// Where the domains stand with their budgets.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "gateway/usage/budget.h"

namespace gateway::usage {

using SharedStanding = std::shared_ptr<std::atomic<BudgetStanding>>;

// Where each domain stands with its budget, by label: outlives a reload, so that a domain that has
// used up its budget does not get a second's grace with every new configuration. Any thread.
class BudgetStandings {
 public:
  SharedStanding of(const std::string& label) {
    const std::lock_guard lock(mutex_);
    SharedStanding& standing = all_[label];
    if (!standing) {
      standing = std::make_shared<std::atomic<BudgetStanding>>(BudgetStanding::within);
    }
    return standing;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, SharedStanding> all_;
};

}  // namespace gateway::usage
