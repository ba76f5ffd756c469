// The rules by which the servers of one priority share the requests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "gateway/config/document.h"
#include "gateway/origin/ejection.h"
#include "gateway/route/backend.h"

namespace gateway::origin {

// One server as a worker's pool sees it.
struct Member {
  std::shared_ptr<route::Backend> backend;
  size_t index = 0;  // in pool.servers
  uint32_t priority = 20;
  uint32_t weight = 10;
  uint64_t identity = 0;  // of its name, for hash: the same in every process
  int64_t credit = 0;     // of the smooth weighted round-robin
  // As of this choice:
  uint64_t load = 0;
  uint64_t expected_us = 0;
  bool asked = false;  // handshakes are under way there
  ServerState state = ServerState::serving;
  bool usable = true;    // up and not ejected
  bool ordered = false;  // it has its place in the order
};
using Members = std::vector<Member*>;

// The same in every process and after every restart, so that all nodes agree on a key's server.
[[nodiscard]] uint64_t hash_of(std::string_view text);

// By rendezvous hashing the server with the least distance is the key's. `server`: the hash of its
// name; the weight is not 0.
[[nodiscard]] double distance_of(uint64_t key, uint64_t server, uint32_t weight);

//  weighted        nginx's smooth round-robin: shares by weight, no server twice in a row without
//                  need
//  least_sessions  the fewest sessions and handshakes for its weight; ties go round
//  hash            rendezvous hashing with weights. A ring would do as well, but for at most 20
//                  servers scoring each costs less than a ring's memory in every worker, shares are
//                  exact, one of n servers more moves 1/n of the keys and no other, and the scores
//                  are the order for retries. A server above 1.25 times its share of the load is
//                  passed over
//  performance     the least expected time * (load + 1): the fastest gets nearly all until its load
//                  makes up for its lead. One in 32 goes to another one, so that a server that has
//                  become fast is found. A server without a figure is tried, by one at a time
class Balancer {
 public:
  using Method = config::Origin::Balance;

  static constexpr double kBound = 1.25;
  // Below this many sessions none counts as overloaded: of three sessions one is no overload.
  static constexpr uint64_t kSpare = 8;
  // Of so many choices by performance one looks at a server that is not the fastest.
  static constexpr uint64_t kExplore = 32;

  explicit Balancer(uint64_t seed) : random_(seed) {}

  // Puts `members`, at least one, into the order in which this request tries them. The first is the
  // choice, and counts as made; the rest follow by the same rule.
  void rank(Method method, Members& members, uint64_t key);

  // The others, behind a choice that was made by other means: nobody's turn is over by that.
  void rank_others(Method method, Members& members, uint64_t key);
  // The same order each time, whatever the load.
  static void rank_by_place(Members& members, uint64_t place);

  uint64_t random();

 private:
  void rank_weighted(Members& members);
  void rank_least_sessions(Members& members);
  static void rank_by_hash(Members& members, uint64_t key);
  void rank_by_performance(Members& members);

  uint64_t random_;
  size_t last_ = 0;  // least_sessions: whose turn it was, by index
};

}  // namespace gateway::origin
