// Wakes a thread that waits for a socket, and puts an end to all its waits when it has to stop.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace gateway::postgres {

class Waker {
 public:
  using Time = std::chrono::steady_clock::time_point;
  enum class Outcome : uint8_t { ready, woken, late };

  Waker();
  Waker(const Waker&) = delete;
  Waker& operator=(const Waker&) = delete;
  ~Waker();

  // Any thread.
  void wake();
  // From here on nothing waits beyond `deadline`. Any thread.
  void stop_by(Time deadline);
  bool stopping() const;

  // The waiting thread: until the descriptor (-1: none) has one of `events`, wake() was called, or
  // it is late. A wake-up counts once, also one that came before.
  Outcome wait(int descriptor, short events, Time until);
  // Whether it is past `until` or the stop's deadline.
  bool late(Time until) const;

 private:
  Time limit(Time until) const;
  bool take_wake();

  int event_ = -1;
  std::atomic<Time::rep> stop_{Time::max().time_since_epoch().count()};
};

}  // namespace gateway::postgres
