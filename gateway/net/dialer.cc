#include "gateway/net/dialer.h"

#include <netinet/tcp.h>

#include <cerrno>

namespace gateway::net {

Dialer::Dialer(Loop& loop, const Address& address, Handler& handler)
    : loop_(loop),
      handler_(handler),
      fd_(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
  if (!fd_) {
    error_ = errno;
    loop_.poller().schedule(*this);
    return;
  }
  const int on = 1;
  ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd_.get(), address.get(), address.size()) != 0 && errno != EINPROGRESS) {
    error_ = errno;
    loop_.poller().schedule(*this);
    return;
  }
  error_ = loop_.poller().add(fd_.get(), *this, EPOLLOUT | EPOLLET);
  if (error_ != 0) loop_.poller().schedule(*this);
}

Dialer::~Dialer() { loop_.poller().remove(fd_.get(), *this); }

void Dialer::on_ready(uint32_t) {
  if (error_ == 0) {
    socklen_t size = sizeof error_;
    ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error_, &size);
  }
  if (error_ != 0) {
    handler_.on_dial_failed({.code = -error_, .doing = IoError::Doing::connecting, .text = uv_strerror(-error_)});
    return;
  }
  Poller::Watched& self = *this;
  auto stream = std::make_unique<TcpStream>(loop_, std::move(fd_), self);
  handler_.on_connected(std::move(stream));
}

}  // namespace gateway::net
