// Snapshots of one domain with one pool, part by part, for what does not need the builder.
#pragma once

#include <memory>
#include <utility>

#include "gateway/route/change.h"

namespace tests {

// Of somebody who outlives it.
template <class T>
std::shared_ptr<const T> borrowed(const T& theirs) {
  return {std::shared_ptr<void>(), &theirs};
}

// Its only route leads to a pool without servers; `config` outlives it.
inline gateway::route::Pool& add_pool(gateway::route::Snapshot& to,
                                      const gateway::config::Domain& config) {
  auto pool = std::make_shared<gateway::route::Pool>();
  gateway::route::Pool& made = *pool;
  made.domain = config.names.empty() ? "chat.example.com" : config.names.front();
  made.label = made.domain + "#/";
  made.config = borrowed(config.origin);
  auto domain = std::make_shared<gateway::route::Domain>();
  domain->config = borrowed(config);
  domain->label = made.domain;
  domain->add({.prefix = "/", .action = gateway::route::ToPool{pool}});
  to.domains.push_back(std::move(domain));
  to.pools.push_back(std::move(pool));
  return made;
}

// As a start takes it, or a reload after another one.
inline gateway::route::Change change_to(
    std::shared_ptr<const gateway::route::Snapshot> now,
    std::shared_ptr<const gateway::route::Snapshot> before = nullptr) {
  return gateway::route::change_between(std::move(before), std::move(now));
}

// To be changed before anybody has the snapshot.
inline gateway::route::Pool& pool_of(const gateway::route::Snapshot& snapshot) {
  return const_cast<gateway::route::Pool&>(*snapshot.pools.front());
}

}  // namespace tests
