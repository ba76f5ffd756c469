#include "gateway/net/dialer.h"

#include <cerrno>
#include <netinet/tcp.h>

namespace gateway::net {

Dialer::Dialer(Loop& loop, const Address& address, Handler& handler) : handler_(handler) {
  UniqueFd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  int error = fd ? 0 : errno;
  if (fd) {
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const bool begun =
        ::connect(fd.get(), address.get(), address.size()) == 0 || errno == EINPROGRESS;
    if (!begun) error = errno;
  }
  stream_ = std::make_unique<TcpStream>(loop, std::move(fd), TcpStream::State::connecting);
  if (error != 0) stream_->refuse(error);
  stream_->start(*this);
}

void Dialer::on_drained() { handler_.on_connected(std::move(stream_)); }

void Dialer::on_failed(const IoError& error) { handler_.on_dial_failed(error); }

}  // namespace gateway::net
