// How long the ledger keeps what it has.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "gateway/usage/ledger/ledger.h"

namespace gateway::usage::ledger {

// The ledger's thread's. Prunes a part at each call, so that no flush takes long, and rests once
// nothing is left to go.
class Retention {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Retention(std::chrono::milliseconds keep)
      : keep_(std::chrono::duration_cast<std::chrono::seconds>(keep)) {}

  // How far the ledger goes when it is first opened; `now` is Unix seconds, as below.
  void find_latest(const std::string& path, int64_t now);
  // `needed_from`: what begins there and later stays, whatever its age.
  [[nodiscard]] std::optional<Error> prune(Ledger& ledger, int64_t now, int64_t needed_from);
  // By which time rows grow old: the wall clock's, unless that has jumped ahead.
  int64_t time(int64_t now) const;

 private:
  const std::chrono::seconds keep_;
  Clock::time_point next_ = Clock::now();
  Clock::time_point begun_ = Clock::now();
  std::optional<int64_t> latest_;  // Unix seconds
};

}  // namespace gateway::usage::ledger
