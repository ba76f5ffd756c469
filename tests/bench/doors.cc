#include "tests/bench/doors.h"

#include <array>
#include <cstdio>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace bench {

bool Doors::listen() {
  plain_ = listen_on(plain_port_);
  if (plain_ < 0 || !poller_.watch_level(plain_, tag(plain_), EPOLLIN)) return false;
  if (!tls_) return true;
  secure_ = listen_on(secure_port_);
  return secure_ >= 0 && poller_.watch_level(secure_, tag(secure_), EPOLLIN);
}

void Doors::serve() {
  std::printf("ready %d %d\n", int{plain_port_}, int{secure_port_});
  std::fflush(stdout);
  if (!poller_.watch_level(STDIN_FILENO, STDIN_FILENO, EPOLLIN)) return;
  constexpr int64_t second = 1'000'000'000;
  while (!stopped_) {
    poller_.wait(
        second, [this](uint64_t tag, uint32_t events) { on_event(static_cast<int>(tag), events); });
  }
}

void Doors::on_event(int descriptor, uint32_t events) {
  if (descriptor == STDIN_FILENO) {
    answer();
  } else if (descriptor == plain_ || descriptor == secure_) {
    accept_all(descriptor);
  } else {
    handler_.on_event(descriptor, events);
  }
}

void Doors::answer() {
  std::array<char, 64> ignored{};
  stopped_ = read(STDIN_FILENO, ignored.data(), ignored.size()) <= 0;
  if (stopped_) return;
  std::puts(handler_.on_asked().c_str());
  std::fflush(stdout);
}

void Doors::accept_all(int listener) {
  for (;;) {
    const int descriptor = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) return;
    handler_.on_accepted(descriptor, listener == secure_ ? make_server_tls(tls_.get()) : nullptr);
    if (!poller_.watch(descriptor, tag(descriptor))) handler_.on_unwatched(descriptor);
  }
}

}  // namespace bench
