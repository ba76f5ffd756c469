// The exchanges of a worker that are under way, in the order in which they began: each is told when
// it has lasted, so that the log knows of a stream of events before it is over.
#pragma once

#include <chrono>

#include "gateway/net/deadline_wheel.h"

namespace gateway::edge {

// Owns none of them. They begin in order and all have the same time, so one entry of the wheel does
// for them all, and costs nothing while they are short.
class Lasting final : private net::DeadlineWheel::Entry {
 public:
  static constexpr std::chrono::milliseconds kTime{60'000};

  // Destroying it takes it out.
  class Member {
   public:
    Member() = default;
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;
    // From the loop, once: it has lasted for kTime.
    virtual void on_lasted() = 0;

   protected:
    ~Member() { leave(); }
    void leave();

   private:
    friend class Lasting;
    Lasting* all_ = nullptr;  // null: it is not among them
    Member* older_ = nullptr;
    Member* younger_ = nullptr;
    std::chrono::milliseconds since_{0};
  };

  // The wheel outlives it.
  explicit Lasting(net::DeadlineWheel& wheel) : wheel_(wheel) {}
  Lasting(const Lasting&) = delete;
  Lasting& operator=(const Lasting&) = delete;
  ~Lasting();

  // Begins now; is not among them.
  void add(Member& member);

 private:
  void on_deadline(std::chrono::milliseconds now) override;
  void remove(Member& member);

  net::DeadlineWheel& wheel_;
  Member* oldest_ = nullptr;
  Member* youngest_ = nullptr;
  bool armed_ = false;
};

}  // namespace gateway::edge
