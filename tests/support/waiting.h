// Waits for a socket without a loop.
#pragma once

#include <poll.h>

namespace tests {

// A connection waits, or bytes, or the end.
inline bool readable(int fd, int milliseconds = 0) {
  pollfd one{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&one, 1, milliseconds) > 0;
}

}  // namespace tests
