// Waits without a loop: for a socket, or for another thread.
#pragma once

#include <chrono>
#include <functional>
#include <poll.h>
#include <thread>

#include "tests/support/patience.h"

namespace tests {

// A connection waits, or bytes, or the end.
inline bool readable(int fd, int most_ms = 0) {
  pollfd one{.fd = fd, .events = POLLIN, .revents = 0};
  const auto most = patience(std::chrono::milliseconds(most_ms));
  return ::poll(&one, 1, static_cast<int>(most.count())) > 0;
}

// For what another thread does and no event announces. False: the test's patience is over.
[[nodiscard]] inline bool wait_until(const std::function<bool()>& done) {
  const auto limit = std::chrono::steady_clock::now() + patience();
  while (!done()) {
    if (std::chrono::steady_clock::now() > limit) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace tests
