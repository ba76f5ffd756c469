#include "gateway/log/doorbell.h"

#include <array>
#include <cerrno>
#include <cstdint>
#include <poll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>

namespace gateway::log {

Doorbell::Doorbell() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (fd_ < 0) throw std::system_error(errno, std::system_category(), "no log can be woken");
}

Doorbell::~Doorbell() { ::close(fd_); }

void Doorbell::wake() {
  const uint64_t one = 1;
  // It fails only when the counter is full, and then the thread is awake.
  [[maybe_unused]] const ssize_t ignored = ::write(fd_, &one, sizeof one);
}

void Doorbell::sleep(std::chrono::milliseconds time, int fd) {
  std::array<pollfd, 2> looked{pollfd{.fd = fd_, .events = POLLIN, .revents = 0},
                               pollfd{.fd = fd, .events = POLLOUT, .revents = 0}};
  ::poll(looked.data(), looked.size(), static_cast<int>(time.count()));
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t ignored = ::read(fd_, &count, sizeof count);
}

}  // namespace gateway::log
