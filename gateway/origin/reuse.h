// Connections to origins that have served a plain request and may serve another one
// (`origin.reuse`).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "gateway/net/address.h"
#include "gateway/net/loop.h"
#include "gateway/net/stream.h"
#include "gateway/origin/reuse_rules.h"
#include "gateway/origin/target.h"
#include "gateway/route/change.h"

namespace gateway::origin {

class OriginPaths;
class ReuseStock;

// Where a connection leads and what it has done: what decides whom it may serve next. All else that
// must be the same is the pool's: its TLS with pins, authorities and certificate, the addresses it
// is made from, the forward proxy and the credentials.
struct Lineage {
  const route::Pool* pool = nullptr;      // outlives whoever has the connection
  const route::Server* server = nullptr;  // of the pool, else it is never kept
  Target asked;                           // as it was asked for: its port is the first candidate
  std::string tls_name = {};              // for SNI and verification; empty without TLS
  net::Address address = {};              // that it was made to
  uint16_t port = 0;                      // the origin's that answered, also behind a forward proxy
  std::chrono::milliseconds made{0};      // by the loop's clock
  uint32_t served = 0;                    // requests before the one that has it; 0: it is new
};

// One for each worker; the connections of one pool never serve another one. Its thread's.
//
//  Connector ──take()──▶ Attempt ──taken──▶ Exchange ──put()──▶ here, or closed
//
// What rests here is closed at once when the origin speaks or ends it, and is let go when its time
// is over, when its server goes down, is ejected or no longer configured, and when a reload changes
// anything of its pool.
class Reuse {
 public:
  Reuse(net::Loop& loop, OriginPaths& paths);
  Reuse(const Reuse&) = delete;
  Reuse& operator=(const Reuse&) = delete;
  ~Reuse();

  void use(const route::Change& change);
  // For a drain: closes what rests, and keeps nothing any more.
  void rest();

  struct Wanted {
    const route::Pool& pool;
    const route::Server& server;
    Target target;
    std::string_view tls_name;
    Kept kept = Kept::none;
  };
  struct Taken {
    std::unique_ptr<net::Stream> stream;  // to be started at once
    Lineage lineage;
  };
  // The one that has rested for the shortest time; nothing has come on it. Nothing: connect.
  [[nodiscard]] std::optional<Taken> take(const Wanted& wanted);

  // After an exchange, however it ended: kept where may_be_kept() and the settings allow it, else
  // closed. The stream may be told of a callback that is under way, but is not paused.
  void put(std::unique_ptr<net::Stream> stream, Lineage lineage, const Spoken& spoken);

  // One that was taken here had been ended by its origin: no byte of an answer came.
  void count_stale();

  size_t idle() const;  // connections that rest

 private:
  // The stocks of a pool, in the order of its servers; null where nothing has been kept yet.
  struct PoolStocks {
    std::shared_ptr<const route::Pool> pool;
    std::vector<std::unique_ptr<ReuseStock>> servers;
  };

  PoolStocks* stocks_of(const route::Pool& pool);
  ReuseStock* stock_of(const route::Pool& pool, const route::Server& server);
  void close(std::unique_ptr<net::Stream> stream, Closed why);

  net::Loop& loop_;
  OriginPaths& paths_;
  std::shared_ptr<const route::Snapshot> snapshot_;     // null: it rests
  std::unordered_map<std::string, PoolStocks> stocks_;  // by the pools' labels
};

}  // namespace gateway::origin
