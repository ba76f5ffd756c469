// When memory that was freed is given back to the system.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace gateway::server {

// malloc_trim() takes the lock of every arena, so that all workers wait: once in so long for the
// process is enough. Any thread.
class TrimPace {
 public:
  static constexpr std::chrono::milliseconds kApart{10'000};
  // True: now is the time, and it counts as done.
  [[nodiscard]] bool take_turn(std::chrono::milliseconds now) {
    int64_t due = due_.load(std::memory_order_relaxed);
    return now.count() >= due && due_.compare_exchange_strong(due, (now + kApart).count());
  }

 private:
  std::atomic<int64_t> due_{0};
};

// Whether it is worth while on a worker: most of the sessions and connections that needed memory
// have gone, and for a while nobody was leaving. What is freed after a trim waits for the next one,
// and the ledger frees their records when it has written them, a flush_interval later.
class TrimNeed {
 public:
  static constexpr size_t kLeast = 32;  // of which it is worth anything
  static constexpr int kLooks = 4;      // in a row at which nobody was leaving

  // Again and again: how many there are, and how many there were at the most since the last look.
  [[nodiscard]] bool look(size_t count, size_t most) {
    peak_ = std::max(peak_, most);
    leaving_ = last_ > count && last_ - count > peak_ / 16;
    last_ = count;
    const bool worthwhile = peak_ > kLeast && count < peak_ / 2;
    calm_ = worthwhile && !leaving_ ? std::min(calm_ + 1, kLooks) : 0;
    return calm_ == kLooks;
  }
  // A trim may be worth while as soon as there is calm: the next look is to come soon.
  [[nodiscard]] bool pending() const { return leaving_ || (calm_ > 0 && calm_ < kLooks); }
  void trimmed() {
    peak_ = last_;
    calm_ = 0;
  }

 private:
  size_t peak_ = 0;  // since the last trim
  size_t last_ = 0;  // at the last look
  bool leaving_ = false;
  int calm_ = 0;  // looks in a row
};

}  // namespace gateway::server
