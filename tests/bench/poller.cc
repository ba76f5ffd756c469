#include "tests/bench/poller.h"

#include <algorithm>
#include <time.h>
#include <unistd.h>

namespace bench {

namespace {

bool control(int epoll, int operation, int descriptor, uint64_t tag, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = tag;
  return epoll_ctl(epoll, operation, descriptor, &event) == 0;
}

}  // namespace

Poller::Poller() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

Poller::~Poller() { close(epoll_); }

bool Poller::watch(int descriptor, uint64_t tag) {
  return control(epoll_, EPOLL_CTL_ADD, descriptor, tag,
                 EPOLLIN | EPOLLOUT | EPOLLRDHUP | uint32_t{EPOLLET});
}

bool Poller::watch_level(int descriptor, uint64_t tag, uint32_t events) {
  return control(epoll_, EPOLL_CTL_ADD, descriptor, tag, events);
}

bool Poller::rewatch_level(int descriptor, uint64_t tag, uint32_t events) {
  return control(epoll_, EPOLL_CTL_MOD, descriptor, tag, events);
}

int Poller::collect(int64_t timeout_ns) {
  // epoll_wait counts in milliseconds, far too coarse for a message every 50 microseconds.
  const int64_t bounded = std::max<int64_t>(timeout_ns, 0);
  const timespec timeout{bounded / 1'000'000'000, bounded % 1'000'000'000};
  return epoll_pwait2(epoll_, events_.data(), static_cast<int>(events_.size()), &timeout, nullptr);
}

}  // namespace bench
