// Wakes the one thread that waits for work, at the cost of an exchange while it is awake.
#pragma once

#include <atomic>
#include <chrono>

namespace gateway::log {

// All calls but those of the waiting thread may come from any.
class Doorbell {
 public:
  Doorbell();  // throws std::system_error where the system has no descriptor
  Doorbell(const Doorbell&) = delete;
  Doorbell& operator=(const Doorbell&) = delete;
  ~Doorbell();

  // There is work that was not there before: after it can be seen.
  void ring() {
    if (!awake_.exchange(true)) wake();
  }
  // Ends a sleep of any kind.
  void wake();
  // It waits for work, or is about to.
  bool is_waited_for() const { return !awake_.load(); }

  // The waiting thread's: returns once there is work, which is looked for after each wake.
  template <class HasWork>
  void wait(HasWork has_work) {
    // Said anew before each look. Who is held up between its work and its ring may come when that
    // work is long done: the ring of the next one must not be taken for needless by that.
    for (awake_.store(false); !has_work(); awake_.store(false))
      sleep(std::chrono::milliseconds{-1});
    awake_.store(true);
  }
  // So long, below 0 without an end; shorter when it is woken, or something can be written to `fd`.
  void sleep(std::chrono::milliseconds time, int fd = -1);

 private:
  const int fd_;
  std::atomic<bool> awake_{true};  // false only in wait()
};

}  // namespace gateway::log
