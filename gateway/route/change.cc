#include "gateway/route/change.h"

#include <string_view>
#include <unordered_map>

namespace gateway::route {

Change change_between(const Snapshot* before, const Snapshot& now) {
  Change change;
  std::unordered_map<std::string_view, const std::shared_ptr<const Domain>*> earlier;
  if (before != nullptr) {
    for (const auto& domain : before->domains) earlier.emplace(domain->label, &domain);
  }
  for (const auto& domain : now.domains) {
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
  for (const auto& domain : before->domains) {
    if (earlier.contains(domain->label)) change.removed.push_back(domain);
  }
  return change;
}

}  // namespace gateway::route
