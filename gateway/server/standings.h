// Where the domains stand with their budgets.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>

#include "gateway/usage/budget.h"

namespace gateway::server {

using Standing = std::shared_ptr<std::atomic<usage::BudgetStanding>>;

// Where each domain stands with its budget, by label: outlives a reload, so that a domain that has
// used up its budget does not get a second's grace with every new configuration.
class Standings {
 public:
  Standing of(const std::string& label) {
    Standing& standing = all_[label];
    if (!standing) {
      standing =
          std::make_shared<std::atomic<usage::BudgetStanding>>(usage::BudgetStanding::within);
    }
    return standing;
  }

 private:
  std::map<std::string, Standing> all_;
};

}  // namespace gateway::server
