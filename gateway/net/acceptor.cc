#include "gateway/net/acceptor.h"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <linux/filter.h>
#include <netinet/tcp.h>

namespace gateway::net {

namespace {
constexpr int kMaxAccepts = 64;     // in a row, before others have their turn
constexpr milliseconds kRest{100};  // after the system had no descriptor or memory left

void set_option(int fd, int level, int name) {
  const int on = 1;
  ::setsockopt(fd, level, name, &on, sizeof on);
}

// accept(2): Linux passes on what has already happened to the connection that would be next.
bool is_of_the_connection(int error) {
  switch (error) {
    case EINTR:
    case ECONNABORTED:
    case ENETDOWN:
    case EPROTO:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
    case EPERM:  // a firewall rule
      return true;
    default:
      return false;
  }
}

UniqueFd open_bound(const Address& address, bool reuse_port, int& error) {
  UniqueFd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) {
    error = errno;
    return {};
  }
  set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR);
  set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY);  // inherited by what is accepted
  if (reuse_port) set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT);
  if (address.family() == AF_INET6) set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY);
  if (::bind(fd.get(), address.get(), address.size()) != 0 ||
      ::listen(fd.get(), Acceptor::kBacklog) != 0) {
    error = errno;
    return {};
  }
  return fd;
}
}  // namespace

Acceptor::Acceptor(Loop& loop, UniqueFd fd, Handler& handler)
    : loop_(loop), fd_(std::move(fd)), handler_(handler) {
  // Level-triggered: what one turn leaves in the queue, the next one finds.
  if (loop_.poller().add(fd_.get(), *this, EPOLLIN) != 0) on_deadline(loop_.now());
}

// Another descriptor of the socket may exist: closing ours would not take it out of the set.
Acceptor::~Acceptor() { loop_.poller().remove(fd_.get(), *this); }

void Acceptor::on_ready(uint32_t) {
  for (int i = 0; i < kMaxAccepts && accept_one();) ++i;
}

void Acceptor::take_no_more() {
  // Octet 13 of a TCP header: a SYN that is no answer is dropped. What is accepted later inherits
  // this, and never sees such a segment.
  constexpr uint32_t kFlagsAt = 13;
  constexpr uint32_t kSynAndAck = 0x12;
  constexpr uint32_t kSyn = 0x02;
  std::array<sock_filter, 5> code = {{
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kFlagsAt),
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, kSynAndAck),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kSyn, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
  }};
  const sock_fprog program{.len = static_cast<unsigned short>(code.size()), .filter = code.data()};
  // Where the system refuses it, whoever connects in the last moment may meet a reset.
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

void Acceptor::accept_waiting(size_t most) {
  take_no_more();
  while (most > 0 && accept_one()) --most;
}

bool Acceptor::accept_one() {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  auto* peer = reinterpret_cast<sockaddr*>(&storage);
  UniqueFd fd(::accept4(fd_.get(), peer, &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (fd) {
    handler_.on_accepted(std::move(fd), Address(peer));
    return true;
  }
  if (errno == EAGAIN) return false;
  if (is_of_the_connection(errno)) return true;
  // Without a descriptor to spare the queue stays readable: resting keeps the loop from spinning on
  // it.
  const int error = errno;
  if (!resting_) {
    resting_ = true;
    loop_.poller().remove(fd_.get(), *this);
    loop_.wheel().set(*this, loop_.now() + kRest);
  }
  handler_.on_accept_failed(error);
  return false;
}

void Acceptor::on_deadline(milliseconds now) {
  resting_ = loop_.poller().add(fd_.get(), *this, EPOLLIN) != 0;
  if (resting_) loop_.wheel().set(*this, now + kRest);
}

std::optional<BindError> open_listeners(const Address& address, size_t count, bool shared,
                                        std::vector<UniqueFd>& out) {
  int error = 0;
  // SO_REUSEPORT would quietly share a port with another process of this user, so an ordinary
  // socket asks first.
  if (!shared && address.port() != 0 && !open_bound(address, false, error)) {
    return BindError{error, std::strerror(error)};  // NOLINT(concurrency-mt-unsafe)
  }
  Address chosen = address;
  for (size_t i = 0; i < count; ++i) {
    UniqueFd fd = open_bound(chosen, true, error);
    if (!fd) {
      out.clear();
      return BindError{error, std::strerror(error)};  // NOLINT(concurrency-mt-unsafe)
    }
    if (i == 0) {
      if (const auto local = Address::local_of(fd.get())) chosen.set_port(local->port());
    }
    out.push_back(std::move(fd));
  }
  return std::nullopt;
}

}  // namespace gateway::net
