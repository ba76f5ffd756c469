// How many retries may be made beside the requests: without a limit, an origin that fails gets as
// many times its load as there are attempts.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace gateway::origin {

using std::chrono::milliseconds;

// A share of the requests of the last ten seconds, and one retry a second whatever they were, so
// that a quiet node can retry at all. One for each worker and domain.
class RetryBudget {
 public:
  static constexpr size_t kWindow = 10;  // seconds
  static constexpr uint64_t kFloorPerSecond = 1;

  void count_request(milliseconds now);

  // False: no retry now. 0 % means none at all.
  [[nodiscard]] bool take_retry(double percent, milliseconds now);

 private:
  struct Second {
    uint32_t requests = 0;
    uint32_t retries = 0;
  };
  void advance(milliseconds now);

  std::array<Second, kWindow> seconds_{};
  int64_t now_ = 0;  // the second that is being counted
};

}  // namespace gateway::origin
