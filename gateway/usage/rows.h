// Where rows of usage are read from: the ledger of this node, a fleet's PostgreSQL, or a test.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gateway/usage/totals.h"

namespace gateway::usage {

// What is wanted: whole buckets that begin in [from, to), Unix seconds.
struct Selection {
  std::vector<std::string> domains;  // empty: all of them
  int64_t from = 0;
  int64_t to = 0;
  // Asked every kLookUp rows; true: nobody waits for the rest, and the read fails with kGivenUp.
  std::function<bool()> give_up = {};
};

inline constexpr size_t kLookUp = 1024;
inline constexpr const char* kGivenUp = "the answer takes too long; ask for less";

// Asks give_up once in a while.
class Patience {
 public:
  explicit Patience(const std::function<bool()>& give_up) : give_up_(give_up) {}
  // After each step. True: enough.
  [[nodiscard]] bool is_over() {
    if (!give_up_ || ++steps_ % kLookUp != 0) return false;
    return give_up_();
  }

 private:
  const std::function<bool()>& give_up_;
  size_t steps_ = 0;
};

class Rows {
 public:
  virtual ~Rows() = default;
  // Calls `each` for every row in the order of bucket and domain; rows of several nodes, boots and
  // parts may share both. Returns what went wrong; empty: nothing.
  [[nodiscard]] virtual std::string read(const Selection& selection,
                                         const std::function<void(const Row&)>& each) = 0;
};

}  // namespace gateway::usage
