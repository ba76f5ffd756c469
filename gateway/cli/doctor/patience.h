// The time that a step has, during which the doctor waits on a loop of its own.
#pragma once

#include <chrono>

#include "gateway/net/loop.h"

namespace gateway::cli::doctor {

using std::chrono::milliseconds;

// From its making on. The loop is turned inside wait_until() alone, so that nothing calls back at
// any other time. The loop outlives it.
class Patience final : private net::DeadlineWheel::Entry {
 public:
  static constexpr milliseconds kStep{10'000};

  explicit Patience(net::Loop& loop) : loop_(loop) {
    loop_.turn();  // its clock has stood since somebody waited last
    until_ = loop_.now() + kStep;
    loop_.wheel().set(*this, until_);
  }

  net::Loop& loop() { return loop_; }
  milliseconds until() const { return until_; }  // by the loop's clock

  // False: the time is over, and it does not hold.
  template <class Condition>
  [[nodiscard]] bool wait_until(const Condition& holds) {
    while (!holds()) {
      if (is_over_) return false;
      loop_.run();
    }
    return true;
  }

  // From a callback: the condition may hold now.
  void wake() { loop_.stop(); }

 private:
  void on_deadline(milliseconds) override {
    is_over_ = true;
    wake();
  }

  net::Loop& loop_;
  milliseconds until_{0};
  bool is_over_ = false;
};

// What did not come within it.
inline constexpr const char* kNoAnswer = "no answer in 10 s";

}  // namespace gateway::cli::doctor
