#include "gateway/route/change.h"

#include <string_view>
#include <unordered_map>
#include <utility>

namespace gateway::route {

Change change_between(std::shared_ptr<const Snapshot> before, std::shared_ptr<const Snapshot> now) {
  Change change;
  change.before = std::move(before);
  change.now = std::move(now);
  std::unordered_map<std::string_view, const std::shared_ptr<const Domain>*> earlier;
  if (change.before != nullptr) {
    for (const auto& domain : change.before->domains) earlier.emplace(domain->label, &domain);
  }
  for (const auto& domain : change.now->domains) {
    const auto found = earlier.find(domain->label);
    if (found == earlier.end()) {
      change.added.push_back(domain);
      continue;
    }
    if (*found->second == domain) {
      ++change.same;
    } else {
      change.changed.push_back({.before = *found->second, .now = domain});
    }
    earlier.erase(found);
  }
  if (earlier.empty()) return change;
  for (const auto& domain : change.before->domains) {
    if (earlier.contains(domain->label)) change.removed.push_back(domain);
  }
  return change;
}

}  // namespace gateway::route
