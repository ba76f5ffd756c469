#include "gateway/origin/prober.h"

#include <algorithm>
#include <utility>

namespace gateway::origin {

namespace {
// Between the first checks of two servers: with a thousand of them this spreads over two seconds.
constexpr milliseconds kApart{2};
}  // namespace

void Prober::use(const std::shared_ptr<const route::Snapshot>& snapshot) {
  auto before = std::exchange(watches_, {});
  // A check takes neither a warm connection nor a port that was remembered.
  ways_.use(nullptr);
  const ServerWatch::Surroundings around{
      .loop = loop_, .resolver = resolver_, .ways = ways_, .rounds = rounds_};
  milliseconds first = loop_.now();
  for (const route::Pool* pool : snapshot->pools) {
    const auto& health = pool->settings().health;
    if (!health) continue;
    for (size_t i = 0; i < pool->servers.size(); ++i) {
      const route::Backend* backend = pool->servers[i].backend.get();
      if (backend == nullptr) continue;
      ServerWatch::Subject subject{snapshot, pool, i};
      const auto known = before.find(backend);
      if (known != before.end()) {
        known->second->use(std::move(subject));
        watches_.insert(before.extract(known));
        continue;
      }
      std::unique_ptr<ServerWatch>& watch = watches_[backend];
      // The same server twice in one pool is one server.
      if (watch) continue;
      watch = std::make_unique<ServerWatch>(around, std::move(subject), first);
      first = std::min(first + kApart, loop_.now() + health->interval);
    }
  }
}

}  // namespace gateway::origin
