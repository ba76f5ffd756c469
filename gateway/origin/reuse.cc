#include "gateway/origin/reuse.h"

#include <utility>

#include "gateway/origin/origin_paths.h"
#include "gateway/origin/reuse_stock.h"

namespace gateway::origin {

using std::chrono::milliseconds;

namespace {

// A PROXY header names one client, so such a connection can serve no other.
bool allows_reuse(const config::Origin& origin) {
  return origin.reuse.mode != config::Reuse::Mode::off &&
         origin.proxy_protocol == config::Origin::ProxyProtocol::off;
}

// Why a connection that an exchange has left clean is not kept all the same; nothing: it is.
std::optional<Closed> limit_of(const config::Reuse& reuse, const Lineage& lineage,
                               milliseconds now) {
  if (lineage.served + 1 >= reuse.requests) return Closed::requests;
  if (now - lineage.made >= reuse.age) return Closed::age;
  if (reuse.most == 0) return Closed::pressure;
  return std::nullopt;
}

}  // namespace

Reuse::Reuse(net::Loop& loop, OriginPaths& paths) : loop_(loop), paths_(paths) {}

Reuse::~Reuse() = default;

// To the pool that stands in the place of the one before, where nothing about it is different.
void Reuse::use(const route::Change& change) {
  snapshot_ = change.now;
  for (const auto& [before, now] : change.pools) {
    if (before == nullptr) continue;
    const auto found = stocks_.find(before->label);
    if (found == stocks_.end()) continue;
    const bool alike = now != nullptr && now->settings() == before->settings() &&
                       now->tls == before->tls && found->second.pool == before &&
                       now->servers.size() == before->servers.size();
    if (!alike) {
      stocks_.erase(found);
      continue;
    }
    PoolStocks& stocks = found->second;
    stocks.pool = now;
    for (size_t i = 0; i < stocks.servers.size(); ++i) {
      if (stocks.servers[i] != nullptr) stocks.servers[i]->move_to(now->servers[i]);
    }
  }
}

void Reuse::rest() {
  stocks_.clear();
  snapshot_.reset();
}

// An exchange of an older configuration is served, but nothing of it is kept.
Reuse::PoolStocks* Reuse::stocks_of(const route::Pool& pool) {
  const auto found = stocks_.find(pool.label);
  if (found != stocks_.end()) return found->second.pool.get() == &pool ? &found->second : nullptr;
  auto shared = snapshot_ != nullptr ? snapshot_->share(pool) : nullptr;
  if (shared == nullptr) return nullptr;
  PoolStocks& made = stocks_[pool.label];
  made.pool = std::move(shared);
  made.servers.resize(pool.servers.size());
  return &made;
}

// Null: that server is none of the pool's, as behind a redirect.
ReuseStock* Reuse::stock_of(const route::Pool& pool, const route::Server& server) {
  PoolStocks* const stocks = stocks_of(pool);
  if (stocks == nullptr) return nullptr;
  for (size_t i = 0; i < pool.servers.size(); ++i) {
    if (&pool.servers[i] != &server) continue;
    auto& stock = stocks->servers[i];
    if (stock == nullptr) stock = std::make_unique<ReuseStock>(loop_, paths_, server);
    return stock.get();
  }
  return nullptr;
}

std::optional<Reuse::Taken> Reuse::take(const Wanted& wanted) {
  if (wanted.kept == Kept::none || !allows_reuse(wanted.pool.settings())) return std::nullopt;
  ReuseStock* const stock = stock_of(wanted.pool, wanted.server);
  return stock != nullptr ? stock->take(wanted) : std::nullopt;
}

void Reuse::put(std::unique_ptr<net::Stream> stream, Lineage lineage, const Spoken& spoken) {
  if (lineage.pool == nullptr || lineage.server == nullptr ||
      !allows_reuse(lineage.pool->settings()) || !may_be_kept(spoken) || stream->congested()) {
    close(std::move(stream), Closed::not_reusable);
    return;
  }
  const config::Reuse& settings = lineage.pool->settings().reuse;
  const auto rest = rest_of(settings, spoken.keep_alive);
  ReuseStock* const stock = rest ? stock_of(*lineage.pool, *lineage.server) : nullptr;
  if (stock == nullptr) {
    close(std::move(stream), Closed::not_reusable);
    return;
  }
  if (const auto limit = limit_of(settings, lineage, loop_.now())) {
    close(std::move(stream), *limit);
    return;
  }
  ++lineage.served;
  if (!stock->put({.stream = std::move(stream), .lineage = std::move(lineage)}, *rest, settings))
    paths_.figures().closed(Closed::pressure).add(1);
}

void Reuse::count_stale() { paths_.figures().closed(Closed::stale).add(1); }

void Reuse::close(std::unique_ptr<net::Stream> stream, Closed why) {
  paths_.figures().closed(why).add(1);
  // What has not been written must not look like an orderly end.
  if (!stream->congested()) stream->finish();
}

size_t Reuse::idle() const {
  size_t count = 0;
  for (const auto& [label, stocks] : stocks_) {
    for (const auto& stock : stocks.servers) count += stock != nullptr ? stock->idle() : 0;
  }
  return count;
}

}  // namespace gateway::origin
