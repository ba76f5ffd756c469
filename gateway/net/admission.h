// How many client connections the process holds, of how many it may.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>

#include "gateway/metrics/counters.h"

namespace gateway::net {

// One for the process; any thread.
class Admission {
 public:
  // One connection's place; destroying it gives the place back.
  class Pass {
   public:
    Pass() = default;
    Pass(Admission& admission, metrics::Listener& counters)
        : admission_(&admission), counters_(&counters) {
      counters_->active.add(1);
    }
    Pass(Pass&& other) noexcept
        : admission_(std::exchange(other.admission_, nullptr)),
          counters_(std::exchange(other.counters_, nullptr)) {}
    Pass& operator=(Pass&&) = delete;
    ~Pass() {
      if (admission_ == nullptr) return;
      counters_->active.subtract(1);
      admission_->held_.fetch_sub(1, std::memory_order_relaxed);
    }

   private:
    Admission* admission_ = nullptr;
    metrics::Listener* counters_ = nullptr;
  };

  void set_limit(uint64_t limit) { limit_.store(limit, std::memory_order_relaxed); }
  uint64_t held() const { return held_.load(std::memory_order_relaxed); }
  // Places are few: more than nine in ten are held.
  bool is_tight() const { return excess() > 0; }
  // How many are held beyond that.
  uint64_t excess() const {
    const uint64_t limit = limit_.load(std::memory_order_relaxed);
    const uint64_t roomy = limit - limit / 10;
    const uint64_t now = held();
    return now > roomy ? now - roomy : 0;
  }

  // Nothing: the limit is reached.
  [[nodiscard]] std::optional<Pass> admit(metrics::Listener& counters) {
    if (held_.fetch_add(1, std::memory_order_relaxed) >= limit_.load(std::memory_order_relaxed)) {
      held_.fetch_sub(1, std::memory_order_relaxed);
      return std::nullopt;
    }
    return Pass(*this, counters);
  }

 private:
  std::atomic<uint64_t> held_{0};
  std::atomic<uint64_t> limit_{UINT64_MAX};
};

}  // namespace gateway::net
