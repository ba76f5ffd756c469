// The epoll set that a loop waits on: data sockets edge-triggered, and libuv's own set as one
// member among them, so that a message costs neither an epoll_ctl nor a walk through libuv's
// queues.
#pragma once

#include <array>
#include <cassert>
#include <cstdint>
#include <span>
#include <sys/epoll.h>
#include <vector>

#include "gateway/net/unique_fd.h"

namespace gateway::net {

class Poller {
 public:
  class Watched {
   public:
    // `events` as epoll reports them; 0 for a turn asked for with schedule().
    virtual void on_ready(uint32_t events) = 0;

   protected:
    ~Watched() = default;

   private:
    friend class Poller;
    bool scheduled_ = false;
  };

  Poller();
  int fd() const { return epoll_.get(); }

  // Returns 0 or an errno value.
  [[nodiscard]] int add(int fd, Watched& watched, uint32_t events);
  // The descriptor stays open, but is watched no more.
  void remove(int fd, Watched& watched);
  // Before a watched one is destroyed: nothing of it is dispatched any more. Closing its descriptor
  // then takes that out of the set without a system call of its own, but only the last one of its
  // socket does: where a duplicate may exist, here or in another process, it is remove().
  void forget(Watched& watched);

  // Notices whether a watched one is forgotten while a callback of its own runs: from then on it
  // must not be touched. One at a time.
  class Vigil {
   public:
    Vigil(Poller& poller, const Watched& watched) : poller_(poller), watched_(watched) {
      assert(poller_.watched_over_ == nullptr);
      poller_.watched_over_ = &watched;
    }
    Vigil(const Vigil&) = delete;
    Vigil& operator=(const Vigil&) = delete;
    ~Vigil() { poller_.watched_over_ = nullptr; }
    bool is_gone() const { return poller_.watched_over_ != &watched_; }

   private:
    Poller& poller_;
    const Watched& watched_;
  };

  // on_ready(0) at the end of this turn of the loop, or the next one when it is called from there.
  void schedule(Watched& watched);

  bool has_scheduled() const { return !scheduled_.empty(); }

  // Waits until something is ready, for so many milliseconds at the most; negative: without end.
  // True: there may be more than the next dispatch() comes to see.
  bool wait(int longest);
  // Tells those whom the last wait() found ready.
  void dispatch();
  // Runs what was scheduled before this call.
  void run_scheduled();

 private:
  UniqueFd epoll_;
  std::array<epoll_event, 256> events_;
  const Watched* watched_over_ = nullptr;  // null: none, or it is forgotten
  std::span<epoll_event> batch_;           // what is left of the last wait() to dispatch
  std::vector<Watched*> scheduled_;
  std::vector<Watched*> running_;  // nulls where one was removed meanwhile
};

}  // namespace gateway::net
