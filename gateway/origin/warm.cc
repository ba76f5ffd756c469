#include "gateway/origin/warm.h"

#include <algorithm>
#include <utility>

#include "gateway/origin/origin_paths.h"
#include "gateway/origin/warm_stock.h"

namespace gateway::origin {

namespace {

bool wants_warm(const route::Pool& pool) {
  const config::Origin& origin = pool.settings();
  // A PROXY header names one client, so such a connection can serve no other.
  return origin.warm > 0 && origin.proxy_protocol == config::Origin::ProxyProtocol::off;
}

// What the configuration alone says of a connection to that server; nothing: the client has a say.
struct Known {
  Target target;
  std::string tls_name;
};
std::optional<Known> known_ahead(const config::Origin& origin, const route::Server& server) {
  using Protocol = config::Origin::Protocol;
  if (origin.protocol != Protocol::http && origin.protocol != Protocol::https) return std::nullopt;
  const Target target = choose_target(origin, server, false);
  const bool named = origin.sni || origin.host_header != config::Origin::Host::client;
  if (target.tls && !named) return std::nullopt;
  return Known{target, target.tls ? tls_name(origin, host_header(origin, server, target, {}))
                                  : std::string()};
}

bool is_same(const route::Server& a, const route::Server& b) {
  return a.host == b.host && a.port == b.port;
}

}  // namespace

Warm::Warm(net::Loop& loop, net::dns::Resolver& resolver, OriginPaths& paths)
    : loop_(loop), resolver_(resolver), paths_(paths) {}

Warm::~Warm() = default;

void Warm::use(const route::Change& change) {
  snapshot_ = change.now;
  for (const auto& [before, now] : change.pools) {
    if (before != nullptr) move_stocks(*before, now);
    if (now != nullptr) begin_known(now);
  }
}

void Warm::rest() {
  stocks_.clear();
  snapshot_.reset();
}

// To the servers that stand in the place of those before; what has no such server ends.
void Warm::move_stocks(const route::Pool& before, const std::shared_ptr<const route::Pool>& now) {
  const bool alike = now != nullptr && now->settings() == before.settings();
  for (const route::Server& server : before.servers) {
    auto found = stocks_.extract(&server);
    if (found.empty() || !alike) continue;
    const auto same = std::ranges::find_if(
        now->servers, [&server](const route::Server& each) { return is_same(server, each); });
    if (same == now->servers.end()) continue;
    Stocks& stocks = found.mapped();
    if (now->tls != before.tls)
      std::erase_if(stocks, [](const auto& stock) { return stock->tls(); });
    for (const auto& stock : stocks) stock->move_to({now, &*same});
    found.key() = &*same;
    stocks_.insert(std::move(found));
  }
}

void Warm::begin_known(const std::shared_ptr<const route::Pool>& pool) {
  if (!wants_warm(*pool)) return;
  for (const route::Server& server : pool->servers) {
    const auto known = known_ahead(pool->settings(), server);
    if (!known || stock_of(server, known->target, known->tls_name) != nullptr) continue;
    open(pool, server, known->target, known->tls_name, true);
  }
}

WarmStock* Warm::stock_of(const route::Server& server, const Target& target,
                          const std::string& tls_name) {
  const auto stocks = stocks_.find(&server);
  if (stocks == stocks_.end()) return nullptr;
  for (const auto& stock : stocks->second) {
    if (stock->is_for(target, tls_name)) return stock.get();
  }
  return nullptr;
}

WarmStock* Warm::open(const std::shared_ptr<const route::Pool>& pool, const route::Server& server,
                      const Target& target, const std::string& tls_name, bool lasting) {
  Stocks& stocks = stocks_[&server];
  if (stocks.size() >= kMaxNames) {
    // Names may be the client's choice, under a wildcard: what it makes up must not drive out what
    // others use.
    const auto unused = std::find_if(stocks.begin(), stocks.end(), [this](const auto& stock) {
      return stock->is_unused(loop_.now());
    });
    if (unused == stocks.end()) return nullptr;
    stocks.erase(unused);
  }
  stocks.push_back(std::make_unique<WarmStock>(
      loop_, resolver_, paths_, WarmStock::For{pool, &server}, target, tls_name, lasting));
  return stocks.back().get();
}

std::optional<Warm::Taken> Warm::take(const route::Pool& pool, const route::Server& server,
                                      const Target& target, const std::string& tls_name) {
  if (!snapshot_ || !wants_warm(pool)) return std::nullopt;
  const std::string& name = target.tls ? tls_name : std::string();
  WarmStock* stock = stock_of(server, target, name);
  if (stock == nullptr) {
    if (const auto shared = current(pool, server)) open(shared, server, target, name, false);
    paths_.figures().warm_missed.add(1);
    return std::nullopt;
  }
  auto taken = stock->take();
  (taken ? paths_.figures().warm_taken : paths_.figures().warm_missed).add(1);
  return taken;
}

// A session of an older configuration is served, but nothing is begun for it; nor for a server that
// is none of the pool's, as behind a redirect.
std::shared_ptr<const route::Pool> Warm::current(const route::Pool& pool,
                                                 const route::Server& server) const {
  const bool own = std::any_of(pool.servers.begin(), pool.servers.end(),
                               [&server](const auto& one) { return &one == &server; });
  return own ? snapshot_->share(pool) : nullptr;
}

size_t Warm::idle() const {
  size_t count = 0;
  for (const auto& [server, stocks] : stocks_) {
    for (const auto& stock : stocks) count += stock->idle();
  }
  return count;
}

}  // namespace gateway::origin
