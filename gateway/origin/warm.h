// Warm connections (`origin.warm`): idle ones to an origin's servers, made before they are needed,
// so that a session waits for one round trip alone.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/net/dns/resolver.h"
#include "gateway/net/loop.h"
#include "gateway/net/stream.h"
#include "gateway/origin/target.h"
#include "gateway/route/change.h"

namespace gateway::origin {

class WarmStock;
class OriginPaths;

// One for each worker: a stock for each server of the current snapshot, scheme and TLS name. Where
// a client has no say in these the stock is there from the start, else it begins with the first
// request.
class Warm {
 public:
  struct Taken {
    std::unique_ptr<net::Stream> stream;  // to be started at once
    net::Address address;
    uint16_t port = 0;  // the origin's, also behind a forward proxy
    std::chrono::milliseconds made{0};
  };

  // Names of a server: beyond that a new one has to wait until one is no longer asked for.
  static constexpr size_t kMaxNames = 8;

  Warm(net::Loop& loop, net::dns::Resolver& resolver, OriginPaths& paths);
  Warm(const Warm&) = delete;
  Warm& operator=(const Warm&) = delete;
  ~Warm();

  // Drops the connections of pools whose settings a reload has changed, and those that are
  // encrypted where the files with certificates say something else.
  void use(const route::Change& change);
  // Drops everything, and makes nothing any more.
  void rest();

  // One that is neither readable nor ended; it is no longer ours. Nothing: connect.
  [[nodiscard]] std::optional<Taken> take(const route::Pool& pool, const route::Server& server,
                                          const Target& target, const std::string& tls_name);

  size_t idle() const;  // connections that stand

 private:
  using Stocks = std::vector<std::unique_ptr<WarmStock>>;

  WarmStock* stock_of(const route::Server& server, const Target& target,
                      const std::string& tls_name);
  WarmStock* open(const std::shared_ptr<const route::Pool>& pool, const route::Server& server,
                  const Target& target, const std::string& tls_name, bool lasting);
  std::shared_ptr<const route::Pool> current(const route::Pool& pool,
                                             const route::Server& server) const;
  void move_stocks(const route::Pool& before, const std::shared_ptr<const route::Pool>& now);
  void begin_known(const std::shared_ptr<const route::Pool>& pool);

  net::Loop& loop_;
  net::dns::Resolver& resolver_;
  OriginPaths& paths_;
  std::shared_ptr<const route::Snapshot> snapshot_;  // null: it rests
  std::map<const route::Server*, Stocks> stocks_;    // of the snapshot's servers
};

}  // namespace gateway::origin
