#include "gateway/net/tcp_stream.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "gateway/net/tcp_packets.h"

namespace gateway::net {

namespace {
constexpr int kMaxReads = 4;  // of one socket in a row, before others have their turn

// The error of a socket that epoll calls broken.
int error_of(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error != 0 ? error : ECONNRESET;
}

// Of an open connection: what a router or the neighbour table said of the way last stands in place
// of the timeout.
bool means_unacknowledged(int error) {
  return error == ETIMEDOUT || error == EHOSTUNREACH || error == ENETUNREACH || error == EHOSTDOWN;
}

// The system calls themselves: glibc's functions are cancellation points, which in a process with
// threads costs two atomic operations each, 2 to 3 % of what a small message costs in all.
ssize_t receive_some(int fd, std::span<uint8_t> into) {
  return ::syscall(SYS_recvfrom, fd, into.data(), into.size(), 0, nullptr, nullptr);
}

ssize_t send_some(int fd, Bytes data) {
  return ::syscall(SYS_sendto, fd, data.data(), data.size(), MSG_NOSIGNAL, nullptr, 0);
}

// What one call writes at the most: a head, and a chunk with its size and its end.
constexpr size_t kMostParts = 8;

ssize_t send_parts(int fd, std::span<const Bytes> parts) {
  std::array<iovec, kMostParts> places{};
  msghdr message{};
  message.msg_iov = places.data();
  for (const Bytes part : parts)
    places[message.msg_iovlen++] = {const_cast<uint8_t*>(part.data()), part.size()};
  return ::syscall(SYS_sendmsg, fd, &message, MSG_NOSIGNAL);
}

}  // namespace

TcpStream::TcpStream(Loop& loop, UniqueFd fd, State state)
    : writing_(state == State::connecting ? Writing::connecting : Writing::open),
      fd_(std::move(fd)),
      loop_(loop) {
  static_assert(sizeof(TcpStream) <= 56, "an idle session has two, and sessions are many");
  const int refused = loop_.poller().add(fd_.get(), *this, kEvents);
  if (refused == 0) return;
  // No event will ever tell of it.
  failed_ = static_cast<int16_t>(refused);
  if (writing_ == Writing::connecting) doing_ = IoError::Doing::connecting;
  advance(Writing::failed);
}

TcpStream::~TcpStream() {
  // Bytes that the peer will never get must not look like an orderly end.
  if (queue_ != nullptr) abandon();
  loop_.poller().forget(*this);
}

void TcpStream::abandon() {
  const linger reset{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

void TcpStream::read_at_most(size_t bytes) {
  const size_t steps = std::max<size_t>(bytes / kReadStep, 1);
  most_read_ = bytes == 0 || steps > UINT8_MAX ? 0 : static_cast<uint8_t>(steps);
}

void TcpStream::start(Handler& handler) {
  handler_ = &handler;
  if (has_bytes() || failed_ != 0) loop_.poller().schedule(*this);
}

void TcpStream::on_ready(uint32_t events) {
  if (writing_ == Writing::connecting && !connected(events)) return;
  if ((events & EPOLLOUT) != 0 && queue_ != nullptr && !flush()) return;
  note(events);
  if (handler_ == nullptr || reading_ == Reading::over) return;
  // Bytes that the peer sent before it went away are told before its going.
  if (has_bytes() && !pauses_.any()) {
    receive();
  } else if (failed_ != 0 && !(has_bytes() && pauses_.has(Pause::reader))) {
    report_failure();
  } else if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0 && pauses_.any()) {
    handler_->on_leaving();
  }
}

bool TcpStream::connected(uint32_t events) {
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
    fail(error_of(fd_.get()), IoError::Doing::connecting);
    return false;
  }
  if ((events & EPOLLOUT) == 0) return false;
  advance(Writing::open);
  return queue_ != nullptr || tell_drained();
}

// Notes what events say of the peer's direction.
void TcpStream::note(uint32_t events) {
  const bool error = (events & EPOLLERR) != 0;
  if (reading_ == Reading::ended) {
    // After the end nothing is read any more, so only SO_ERROR can tell of a reset.
    if (error && failed_ == 0) fail(error_of(fd_.get()), IoError::Doing::writing);
  } else if (reading_ == Reading::over) {
    return;
  } else if (error) {
    advance(Reading::broken);
  } else if ((events & EPOLLRDHUP) != 0 && reading_ != Reading::broken) {
    advance(Reading::ending);
  } else if ((events & (EPOLLIN | EPOLLHUP)) != 0 && reading_ == Reading::empty) {
    advance(Reading::readable);
  }
}

void TcpStream::receive() {
  for (int round = 0; round < kMaxReads; ++round) {
    std::span<uint8_t> buffer = loop_.read_buffer();
    if (most_read_ != 0) buffer = buffer.first(most_read_ * kReadStep);
    const ssize_t count = receive_some(fd_.get(), buffer);
    if (count < 0) {
      if (errno == EINTR) continue;
      read_refused(errno);
      return;
    }
    if (count == 0) {
      tell_end();
      return;
    }
    const auto size = static_cast<size_t>(count);
    // A socket that is short of the buffer has been emptied: the next byte raises a new event.
    const bool emptied = size < buffer.size();
    if (emptied && reading_ == Reading::readable) advance(Reading::empty);
    if (!deliver(buffer.first(size))) return;
    if (pauses_.any() || !has_bytes() || handler_ == nullptr) {
      if (has_bytes() && reading_ != Reading::readable && handler_ != nullptr)
        handler_->on_leaving();
      return;
    }
    if (emptied && reading_ == Reading::ending) {
      tell_end();
      return;
    }
  }
  loop_.poller().schedule(*this);
}

void TcpStream::read_refused(int error) {
  advance(Reading::empty);
  if (error != EAGAIN && failed_ == 0) fail(error, IoError::Doing::reading);
  if (failed_ != 0) report_failure();
}

void TcpStream::tell_end() {
  // A write has met the reset before: behind it a read finds what looks like an end.
  if (failed_ != 0) {
    report_failure();
    return;
  }
  advance(Reading::ended);
  handler_->on_end();
}

bool TcpStream::deliver(Bytes data) {
  const Poller::Vigil vigil(loop_.poller(), *this);
  handler_->on_data(data);
  if (vigil.is_gone()) return false;
  if (failed_ != 0 && !has_bytes()) loop_.poller().schedule(*this);
  return true;
}

void TcpStream::resume_reading(Pause why) {
  pauses_.remove(why);
  if (pauses_.any() || handler_ == nullptr) return;
  if (has_bytes() || failed_ != 0) loop_.poller().schedule(*this);
}

void TcpStream::write(Bytes data) {
  if (writing_ != Writing::open && writing_ != Writing::connecting) {
    lost_ += static_cast<uint32_t>(data.size());
    return;
  }
  if (data.empty()) return;
  if (queue_ != nullptr) {
    queue_->append(data);
    return;
  }
  if (writing_ == Writing::connecting) {
    queue_ = std::make_unique<WriteQueue>(data);
    return;
  }
  ssize_t count = 0;
  do {
    count = send_some(fd_.get(), data);
  } while (count < 0 && errno == EINTR);
  if (count < 0) {
    if (errno != EAGAIN && errno != ENOBUFS) {
      lost_ = static_cast<uint32_t>(data.size());
      fail(errno, IoError::Doing::writing);
      return;
    }
    count = 0;
  }
  const Bytes refused = data.subspan(static_cast<size_t>(count));
  if (!refused.empty()) queue_ = std::make_unique<WriteQueue>(refused);
}

void TcpStream::write_all(std::span<const Bytes> parts) {
  size_t sent = 0;
  if (writing_ == Writing::open && queue_ == nullptr && parts.size() <= kMostParts) {
    const ssize_t count = send_parts(fd_.get(), parts);
    // Whatever was refused, the first write() of the rest meets it again.
    sent = count < 0 ? 0 : static_cast<size_t>(count);
  }
  for (const Bytes part : parts) {
    const size_t gone = std::min(sent, part.size());
    sent -= gone;
    write(part.subspan(gone));
  }
}

bool TcpStream::flush() {
  while (queue_ != nullptr && !queue_->pending().empty()) {
    const Bytes pending = queue_->pending();
    const ssize_t count = send_some(fd_.get(), pending);
    if (count < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == ENOBUFS) return true;
      fail(errno, IoError::Doing::writing);
      return true;
    }
    queue_->consume(static_cast<size_t>(count));
  }
  queue_.reset();
  if (writing_ == Writing::ending) {
    advance(Writing::ended);
    ::shutdown(fd_.get(), SHUT_WR);
  }
  return tell_drained();
}

bool TcpStream::tell_drained() {
  if (handler_ == nullptr || failed_ != 0) return true;
  const Poller::Vigil vigil(loop_.poller(), *this);
  handler_->on_drained();
  return !vigil.is_gone();
}

bool TcpStream::has_unread() const {
  int waiting = 0;
  return ::ioctl(fd_.get(), FIONREAD, &waiting) == 0 && waiting > 0;
}

bool TcpStream::at_rest() const {
  if (failed_ != 0 || reading_ != Reading::empty) return false;
  uint8_t byte = 0;
  const auto flags = MSG_PEEK | MSG_DONTWAIT;
  return ::syscall(SYS_recvfrom, fd_.get(), &byte, sizeof byte, flags, nullptr, nullptr) < 0 &&
         errno == EAGAIN;
}

size_t TcpStream::unacknowledged() const {
  int held = 0;
  if (::ioctl(fd_.get(), SIOCOUTQ, &held) != 0 || held < 0) held = 0;
  return queued() + static_cast<size_t>(held);
}

std::optional<PeerState> TcpStream::peer_state() const { return peer_state_of(fd_.get()); }

void TcpStream::expect_acknowledgement_within(std::chrono::milliseconds time) {
  const auto limit = static_cast<unsigned>(time.count());
  ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, &limit, sizeof limit);
}

std::optional<Volume> TcpStream::packets() const { return packets_of(fd_.get()); }

void TcpStream::end() {
  assert(writing_ != Writing::connecting);
  if (writing_ != Writing::open) return;
  if (queue_ != nullptr) {
    advance(Writing::ending);
    return;
  }
  advance(Writing::ended);
  ::shutdown(fd_.get(), SHUT_WR);
}

void TcpStream::finish() {
  if (writing_ == Writing::open) advance(Writing::ended);
}

void TcpStream::fail(int error, IoError::Doing doing) {
  failed_ = static_cast<int16_t>(error);
  doing_ = doing;
  lost_ = static_cast<uint32_t>(queued());
  queue_.reset();
  advance(Writing::failed);
  // A write may meet a reset before the loop has heard of what came ahead of it, such as the alert
  // that says why.
  if (doing == IoError::Doing::writing && reading_ != Reading::ended) advance(Reading::broken);
  loop_.poller().schedule(*this);
}

void TcpStream::report_failure() {
  advance(Reading::over);
  const IoError error{.code = -failed_,
                      .doing = doing_,
                      .text = uv_strerror(-failed_),
                      .unacknowledged = means_unacknowledged(failed_)};
  handler_->on_failed(error);
}

bool TcpStream::may_follow(Reading next, Reading now) {
  switch (next) {
    case Reading::empty:
      return now == Reading::readable || now == Reading::ending || now == Reading::broken;
    case Reading::readable:
      return now == Reading::empty;
    case Reading::ending:
      return now != Reading::broken && now != Reading::ended && now != Reading::over;
    case Reading::broken:
      return now != Reading::ended && now != Reading::over;
    case Reading::ended:
      return now == Reading::readable || now == Reading::ending || now == Reading::broken;
    case Reading::over:
      return now != Reading::over;
  }
  return false;
}

bool TcpStream::may_follow(Writing next, Writing now) {
  switch (next) {
    case Writing::connecting:
      return false;
    case Writing::open:
      return now == Writing::connecting;
    case Writing::ending:
      return now == Writing::open;
    case Writing::ended:
      return now == Writing::open || now == Writing::ending;
    case Writing::failed:
      return true;
  }
  return false;
}

void TcpStream::advance(Reading next) {
  assert(may_follow(next, reading_));
  reading_ = next;
}

void TcpStream::advance(Writing next) {
  assert(may_follow(next, writing_));
  writing_ = next;
}

}  // namespace gateway::net
