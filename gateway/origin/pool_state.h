// Which server a session goes to: the servers of one pool as one worker sees them.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/net/address.h"
#include "gateway/origin/balancer.h"
#include "gateway/origin/ejection.h"
#include "gateway/origin/retry_budget.h"
#include "gateway/route/change.h"
#include "proto/http1/head.h"
#include "proto/http1/target.h"

namespace gateway::origin {

// What of the request decides.
struct Choice {
  uint64_t key = 0;  // hash_key() of it, where balance is hash
  // Of `sticky`: the server that comes first if it may be asked at all, an index of pool.servers;
  // or what chooses the same one each time, in place of balance.
  std::optional<size_t> server = std::nullopt;
  std::optional<uint64_t> place = std::nullopt;
};

// What balance: hash goes by. A request without that header, cookie or query parameter goes by its
// client's address.
[[nodiscard]] uint64_t hash_key(const config::HashOn& on, const proto::http1::RequestHead& head,
                                const proto::http1::Target& target, const net::Address& client);

// Remembers whose turn it is, and how much may be retried. A reload of the same pool goes on with
// both: what it changed is taken over with the next order(). One thread: its worker's.
class PoolState {
 public:
  explicit PoolState(uint64_t seed);

  // Indices of pool.servers in the order in which this request may try them: by priority, and
  // within one priority by balance. Those that are down or ejected are left out, and those without
  // weight, unless the choice names one; where only ejected ones are left, their ejections end. One
  // that is on trial is only asked by who can begin_trial(). Empty: all are down, and the answer is
  // 502 at once.
  [[nodiscard]] std::vector<size_t> order(const route::Pool& pool, const Choice& choice,
                                          milliseconds now);

  RetryBudget& retries() { return retries_; }

 private:
  void put_first(size_t server, std::vector<size_t>& order);
  void align(const route::Pool& pool);
  bool aligned(const route::Pool& pool) const;
  bool observe(milliseconds now);
  void append(const route::Pool& pool, const Choice& choice, milliseconds now, Members& group,
              std::vector<size_t>& order);

  std::vector<Member> members_;  // by priority, then as configured
  Balancer balancer_;
  RetryBudget retries_;
};

// What a worker keeps of its pools, by their labels.
class PoolStates {
 public:
  explicit PoolStates(uint64_t seed) : seed_(seed) {}

  // Good until use().
  PoolState& of(const route::Pool& pool);
  // Forgets those of pools that are gone.
  void use(const route::Change& change);
  size_t size() const { return pools_.size(); }

 private:
  uint64_t seed_;
  std::map<std::string, PoolState, std::less<>> pools_;
};

}  // namespace gateway::origin
