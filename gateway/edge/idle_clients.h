// The client connections of a worker that wait for the next request, in the order in which they
// began to.
#pragma once

#include <chrono>
#include <cstddef>

#include "gateway/net/admission.h"
#include "gateway/net/deadline_wheel.h"

namespace gateway::edge {

// How a connection is let go that nobody is using.
enum class LetGo : uint8_t {
  gently,   // with a FIN, and then some time, so that a request that crosses it meets no reset
  at_once,  // its place is needed
};

// Owns none of them. Whoever is idle costs a place among limits.max_connections, and gives it up
// when places become few: to a newcomer at this worker at once, to those at others within a moment.
class IdleClients final : private net::DeadlineWheel::Entry {
 public:
  static constexpr std::chrono::milliseconds kLook{250};

  class Member {
   public:
    Member() = default;
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;
    // Leaves the list by that, one way or the other.
    virtual void let_go(LetGo how) = 0;

   protected:
    ~Member() = default;

   private:
    friend class IdleClients;
    Member* longer_ = nullptr;   // idle for longer than this one
    Member* shorter_ = nullptr;  // for less long
    bool is_idle_ = false;
  };

  // Both outlive it.
  IdleClients(net::DeadlineWheel& wheel, const net::Admission& admission)
      : wheel_(wheel), admission_(admission) {}

  void add(Member& member);
  void remove(Member& member);  // one that is not among them stays so

  // So many, the longest idle first.
  void let_go(size_t count, LetGo how);
  // Somebody is at the door.
  void make_room() {
    if (admission_.is_tight()) let_go(1, LetGo::at_once);
  }
  size_t size() const { return size_; }

 private:
  void on_deadline(std::chrono::milliseconds now) override;

  net::DeadlineWheel& wheel_;
  const net::Admission& admission_;
  Member* longest_ = nullptr;
  Member* shortest_ = nullptr;
  size_t size_ = 0;
};

}  // namespace gateway::edge
