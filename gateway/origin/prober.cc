#include "gateway/origin/prober.h"

#include <algorithm>
#include <utility>

namespace gateway::origin {

namespace {
// Between the first checks of two servers: with a thousand of them this spreads over two seconds.
constexpr milliseconds kApart{2};
Entrances entrances_of(const config::Document& document) {
  Entrances entrances;
  for (const config::Listener& one : document.listeners) {
    entrances.tls = entrances.tls || one.tls;
    entrances.plain = entrances.plain || !one.tls;
  }
  return entrances;
}

}  // namespace

void Prober::use(const route::Change& change) {
  // A check takes neither a warm connection nor a port that was remembered.
  paths_.forget(change);
  entrances_ = entrances_of(change.now->document);
  milliseconds first = loop_.now();
  for (const auto& [before, now] : change.pools) {
    Watches known = before != nullptr ? take_out(*before) : Watches();
    if (now != nullptr) watch(now, known, first);
  }
}

Prober::Watches Prober::take_out(const route::Pool& pool) {
  Watches taken;
  for (const route::Server& server : pool.servers)
    taken.insert(watches_.extract(server.backend.get()));
  return taken;
}

void Prober::watch(const std::shared_ptr<const route::Pool>& pool, Watches& known,
                   milliseconds& first) {
  const auto& health = pool->settings().health;
  if (!health) return;
  const ServerWatch::Lent around{.loop = loop_,
                                 .resolver = resolver_,
                                 .paths = paths_,
                                 .rounds = rounds_,
                                 .entrances = entrances_};
  for (size_t i = 0; i < pool->servers.size(); ++i) {
    const route::Backend* const backend = pool->servers[i].backend.get();
    if (backend == nullptr) continue;
    if (auto found = known.extract(backend)) {
      found.mapped()->use({pool, i});
      watches_.insert(std::move(found));
      continue;
    }
    std::unique_ptr<ServerWatch>& watch = watches_[backend];
    // The same server twice in one pool is one server.
    if (watch) continue;
    watch = std::make_unique<ServerWatch>(around, ServerWatch::Subject{pool, i}, first);
    first = std::min(first + kApart, loop_.now() + health->interval);
  }
}

}  // namespace gateway::origin
