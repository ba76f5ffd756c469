// An epoll set: sockets in, readiness out.
#pragma once

#include <array>
#include <cstdint>
#include <sys/epoll.h>

namespace bench {

// Owns the epoll descriptor, not the sockets; a closed socket leaves the set by itself.
// A handler may close the socket it is called for, but no other one of the same wait.
class Poller {
 public:
  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;
  Poller(Poller&&) = delete;
  Poller& operator=(Poller&&) = delete;

  // Watches both directions, edge-triggered; `tag` comes back with each event.
  [[nodiscard]] bool watch(int descriptor, uint64_t tag);
  [[nodiscard]] bool watch_level(int descriptor, uint64_t tag, uint32_t events);
  [[nodiscard]] bool rewatch_level(int descriptor, uint64_t tag, uint32_t events);

  // Calls handler(tag, events) for what is ready, after at most `timeout_ns`.
  template <class Handler>
  void wait(int64_t timeout_ns, Handler&& handler) {
    const int count = collect(timeout_ns);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events_[static_cast<size_t>(i)];
      handler(event.data.u64, event.events);
    }
  }

 private:
  [[nodiscard]] int collect(int64_t timeout_ns);

  int epoll_;
  std::array<epoll_event, 512> events_{};
};

}  // namespace bench
