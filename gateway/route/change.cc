#include "gateway/route/change.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace gateway::route {

namespace {

// A domain has few pools: they are compared one by one.
void add_pools(const Domain* before, const Domain* now, std::vector<Change::Pools>& pools) {
  std::vector<Change::Pools> of_domain;
  if (before != nullptr) {
    for_each_pool(*before, [&](const auto& pool) { of_domain.push_back({pool, nullptr}); });
  }
  if (now != nullptr) {
    for_each_pool(*now, [&](const auto& pool) {
      const auto same = std::ranges::find_if(of_domain, [&](const Change::Pools& one) {
        return one.before != nullptr && one.before->label == pool->label;
      });
      if (same != of_domain.end()) {
        same->now = pool;
      } else {
        of_domain.push_back({nullptr, pool});
      }
    });
  }
  pools.insert(pools.end(), of_domain.begin(), of_domain.end());
}

void add_pools(Change& change) {
  for (const auto& domain : change.removed) add_pools(domain.get(), nullptr, change.pools);
  for (const auto& [before, now] : change.changed) add_pools(before.get(), now.get(), change.pools);
  for (const auto& domain : change.added) add_pools(nullptr, domain.get(), change.pools);
}

using Domains = std::span<const std::shared_ptr<const Domain>>;

// Takes away what both begin and end with: mostly all but a few. Returns how many that are.
size_t leave_out_the_same(Domains& before, Domains& now) {
  const size_t front = static_cast<size_t>(std::ranges::mismatch(before, now).in1 - before.begin());
  before = before.subspan(front);
  now = now.subspan(front);
  size_t back = 0;
  while (back < std::min(before.size(), now.size()) &&
         before[before.size() - back - 1] == now[now.size() - back - 1]) {
    ++back;
  }
  before = before.first(before.size() - back);
  now = now.first(now.size() - back);
  return front + back;
}

// The order of files may have changed, so the others are found by their labels.
void compare(Domains before, Domains now, Change& change) {
  std::unordered_map<std::string_view, const std::shared_ptr<const Domain>*> earlier;
  earlier.reserve(before.size());
  for (const auto& domain : before) earlier.emplace(domain->label, &domain);
  for (const auto& domain : now) {
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
  if (earlier.empty()) return;
  for (const auto& domain : before) {
    if (earlier.contains(domain->label)) change.removed.push_back(domain);
  }
}

}  // namespace

Change change_between(std::shared_ptr<const Snapshot> before, std::shared_ptr<const Snapshot> now) {
  Change change;
  change.before = std::move(before);
  change.now = std::move(now);
  Domains earlier = change.before != nullptr ? Domains(change.before->domains) : Domains();
  Domains next = change.now->domains;
  change.same = leave_out_the_same(earlier, next);
  compare(earlier, next, change);
  add_pools(change);
  return change;
}

}  // namespace gateway::route
