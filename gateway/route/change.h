// What a configuration has made different from the one before it.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "gateway/route/snapshot.h"

namespace gateway::route {

// Domains are told apart by their labels, and compared by their objects: one that has not changed
// is the same in both. Whoever keeps something for each domain looks at these and at no others.
struct Change {
  struct Pair {
    std::shared_ptr<const Domain> before;
    std::shared_ptr<const Domain> now;
  };
  std::shared_ptr<const Snapshot> before;  // null: a configuration without domains
  std::shared_ptr<const Snapshot> now;     // never null
  std::vector<std::shared_ptr<const Domain>> added;
  std::vector<std::shared_ptr<const Domain>> removed;
  std::vector<Pair> changed;
  size_t same = 0;

  // Of all these domains: what was under a label before, and what is now. One of them may be null.
  struct Pools {
    std::shared_ptr<const Pool> before;
    std::shared_ptr<const Pool> now;
  };
  std::vector<Pools> pools;

  // Domains that were built anew.
  size_t built() const { return added.size() + changed.size(); }

  // visit(std::shared_ptr<const Domain>): those that are in force no longer, and those that are
  // from now on. Of a domain that has changed there is one of each.
  template <class Visit>
  void for_each_gone(Visit visit) const {
    for (const auto& domain : removed) visit(domain);
    for (const Pair& pair : changed) visit(pair.before);
  }
  template <class Visit>
  void for_each_new(Visit visit) const {
    for (const auto& domain : added) visit(domain);
    for (const Pair& pair : changed) visit(pair.now);
  }
};

[[nodiscard]] Change change_between(std::shared_ptr<const Snapshot> before,
                                    std::shared_ptr<const Snapshot> now);

}  // namespace gateway::route
