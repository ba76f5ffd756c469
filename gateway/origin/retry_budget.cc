#include "gateway/origin/retry_budget.h"

#include <algorithm>

namespace gateway::origin {

void RetryBudget::advance(milliseconds now) {
  const int64_t second = now.count() / 1000;
  const int64_t passed = std::min<int64_t>(second - now_, kWindow);
  for (int64_t i = 0; i < passed; ++i) {
    seconds_[static_cast<size_t>(second - i) % kWindow] = {};
  }
  now_ = std::max(now_, second);
}

void RetryBudget::count_request(milliseconds now) {
  advance(now);
  ++seconds_[static_cast<size_t>(now_) % kWindow].requests;
}

bool RetryBudget::take_retry(double percent, milliseconds now) {
  if (percent <= 0) return false;
  advance(now);
  uint64_t requests = 0;
  uint64_t retries = 0;
  for (const Second& second : seconds_) {
    requests += second.requests;
    retries += second.retries;
  }
  const double allowed = static_cast<double>(requests) * percent / 100 +
                         static_cast<double>(kFloorPerSecond * kWindow);
  if (static_cast<double>(retries + 1) > allowed) return false;
  ++seconds_[static_cast<size_t>(now_) % kWindow].retries;
  return true;
}

}  // namespace gateway::origin
