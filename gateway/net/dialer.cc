#include "gateway/net/dialer.h"

#include <cerrno>
#include <netinet/tcp.h>

namespace gateway::net {

namespace {

int bind_to(int fd, const Address& source) {
  // The port is chosen by connect(), when the destination is known: one is then taken again for
  // each destination, and there are as many connections as ports for each pair of addresses.
  const int on = 1;
  ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  return ::bind(fd, source.get(), source.size()) == 0 ? 0 : errno;
}

}  // namespace

Dialer::Attempt Dialer::begin(const Address& address, const Address* source) {
  UniqueFd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return {.fd = {}, .error = errno};
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  int error = source != nullptr ? bind_to(fd.get(), *source) : 0;
  const bool bound = error == 0;
  if (bound) {
    const bool begun =
        ::connect(fd.get(), address.get(), address.size()) == 0 || errno == EINPROGRESS;
    if (!begun) error = errno;
  }
  return {.fd = std::move(fd), .error = error, .bound = bound};
}

Dialer::Attempt Dialer::begin_from_any(const Address& address, SourceAddresses& sources,
                                       milliseconds now) {
  const size_t count = sources.count(address.family());
  if (count == 0) return begin(address, nullptr);
  for (size_t tried = 0; tried < count; ++tried) {
    const Address* source = sources.next(address, now);
    if (source == nullptr) break;
    Attempt attempt = begin(address, source);
    sources.found(*source, attempt.bound);
    if (attempt.error != EADDRNOTAVAIL) return attempt;
    sources.exhausted(*source, address, now);
  }
  return {.fd = {}, .error = EADDRNOTAVAIL};
}

Dialer::Dialer(Loop& loop, const Address& address, Handler& handler, SourceAddresses* sources)
    : handler_(handler) {
  Attempt attempt =
      sources == nullptr ? begin(address, nullptr) : begin_from_any(address, *sources, loop.now());
  stream_ = std::make_unique<TcpStream>(loop, std::move(attempt.fd), TcpStream::State::connecting);
  // On a machine of its own a peer's refusal may be there as soon as connect() is.
  const bool answered = attempt.error == 0 || attempt.error == ECONNREFUSED;
  begun_ = answered && !stream_->has_failed();
  if (attempt.error != 0) stream_->refuse(attempt.error);
  stream_->start(*this);
}

void Dialer::on_drained() { handler_.on_connected(std::move(stream_)); }

void Dialer::on_failed(const IoError& error) {
  IoError told = error;
  told.begun = begun_;
  handler_.on_dial_failed(told);
}

}  // namespace gateway::net
