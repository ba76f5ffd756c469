#include "gateway/postgres/waker.h"

#include <algorithm>
#include <array>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace gateway::postgres {

namespace {

using std::chrono::milliseconds;

// Without an event descriptor (the process has none left) a wake-up is noticed this late.
constexpr milliseconds kBlindWait{100};
constexpr milliseconds kLongestPoll{std::chrono::hours{1}};

}  // namespace

Waker::Waker() : event_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

Waker::~Waker() {
  if (event_ >= 0) ::close(event_);
}

void Waker::wake() {
  const uint64_t one = 1;
  // A full counter is a wake-up already.
  if (event_ >= 0) static_cast<void>(!::write(event_, &one, sizeof one));
}

void Waker::stop_by(Time deadline) {
  stop_.store(deadline.time_since_epoch().count());
  wake();
}

bool Waker::stopping() const { return stop_.load() != Time::max().time_since_epoch().count(); }

Waker::Time Waker::limit(Time until) const {
  return std::min(until, Time(Time::duration(stop_.load())));
}

bool Waker::late(Time until) const { return std::chrono::steady_clock::now() >= limit(until); }

bool Waker::take_wake() {
  uint64_t count = 0;
  return ::read(event_, &count, sizeof count) == sizeof count;
}

Waker::Outcome Waker::wait(int descriptor, short events, Time until) {
  while (true) {
    const auto left =
        std::chrono::ceil<milliseconds>(limit(until) - std::chrono::steady_clock::now());
    if (left.count() <= 0) return Outcome::late;
    const milliseconds most = event_ >= 0 ? kLongestPoll : kBlindWait;
    std::array<pollfd, 2> both{{{.fd = descriptor, .events = events, .revents = 0},
                                {.fd = event_, .events = POLLIN, .revents = 0}}};
    const int count =
        ::poll(both.data(), both.size(), static_cast<int>(std::min(left, most).count()));
    if (count < 0) continue;  // A signal.
    if (both[0].revents != 0) return Outcome::ready;
    if (both[1].revents != 0 && take_wake()) return Outcome::woken;
    if (event_ < 0 && stopping()) return Outcome::woken;
  }
}

}  // namespace gateway::postgres
