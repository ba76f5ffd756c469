#include "tests/bench/socket.h"

#include <arpa/inet.h>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include <openssl/err.h>

namespace bench {

namespace {

void set_option(int descriptor, int level, int name, int value) {
  setsockopt(descriptor, level, name, &value, sizeof value);
}

sockaddr_in address_of(const std::string& address, uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(port);
  inet_pton(AF_INET, address.c_str(), &result.sin_addr);
  return result;
}

const sockaddr* generic(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

// Small messages are to leave at once; what a listener accepts inherits that.
int new_socket() {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor >= 0) set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
  return descriptor;
}

// The descriptor once it connects; it is closed where it cannot.
int begin(int descriptor, const std::string& target, uint16_t port) {
  const sockaddr_in to = address_of(target, port);
  if (::connect(descriptor, generic(to), sizeof to) == 0 || errno == EINPROGRESS) return descriptor;
  close(descriptor);
  return -1;
}

}  // namespace

Socket::Socket(int descriptor, Tls tls) : descriptor_(descriptor), tls_(std::move(tls)) {
  if (tls_) SSL_set_fd(tls_.get(), descriptor);
}

Socket::~Socket() {
  if (descriptor_ >= 0) close(descriptor_);
}

Socket::Socket(Socket&& other) noexcept { *this = std::move(other); }

Socket& Socket::operator=(Socket&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(tls_, other.tls_);
  std::swap(queue_, other.queue_);
  std::swap(queued_from_, other.queued_from_);
  return *this;
}

IoResult Socket::read(std::span<uint8_t> into, bool to_end) {
  return tls_ ? read_tls(into) : read_plain(into, to_end);
}

IoResult Socket::read_plain(std::span<uint8_t> into, bool to_end) {
  size_t got = 0;
  while (got < into.size()) {
    const ssize_t count = recv(descriptor_, into.data() + got, into.size() - got, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return {got, IoState::blocked};
    if (count <= 0) return {got, IoState::ended};
    got += static_cast<size_t>(count);
    if (got < into.size()) return {got, to_end ? IoState::ended : IoState::blocked};
  }
  return {got, IoState::ready};
}

IoResult Socket::read_tls(std::span<uint8_t> into) {
  size_t got = 0;
  while (got < into.size()) {
    ERR_clear_error();
    size_t count = 0;
    if (SSL_read_ex(tls_.get(), into.data() + got, into.size() - got, &count) == 1) {
      got += count;
      continue;
    }
    const int error = SSL_get_error(tls_.get(), 0);
    const bool blocked = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
    return {got, blocked ? IoState::blocked : IoState::ended};
  }
  return {got, IoState::ready};
}

bool Socket::send(Bytes bytes) {
  if (!queue_empty()) {
    enqueue(bytes);
    return true;
  }
  const IoResult result = write(bytes);
  if (result.state == IoState::ended) return false;
  enqueue(bytes.subspan(result.bytes));
  return true;
}

bool Socket::flush() {
  if (queue_empty()) return true;
  const IoResult result = write(Bytes(queue_).subspan(queued_from_));
  queued_from_ += result.bytes;
  if (queue_empty()) {
    queue_.clear();
    queued_from_ = 0;
  }
  return result.state != IoState::ended;
}

void Socket::enqueue(Bytes bytes) {
  if (bytes.empty()) return;
  // What has been written is dropped once it is the larger part, so that the queue stays bounded.
  if (queued_from_ > queue_.size() / 2) {
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<long>(queued_from_));
    queued_from_ = 0;
  }
  queue_.insert(queue_.end(), bytes.begin(), bytes.end());
}

IoResult Socket::write(Bytes bytes) { return tls_ ? write_tls(bytes) : write_plain(bytes); }

IoResult Socket::write_plain(Bytes bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count =
        ::send(descriptor_, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return {done, errno == EAGAIN ? IoState::blocked : IoState::ended};
    done += static_cast<size_t>(count);
  }
  return {done, IoState::ready};
}

IoResult Socket::write_tls(Bytes bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    ERR_clear_error();
    size_t count = 0;
    if (SSL_write_ex(tls_.get(), bytes.data() + done, bytes.size() - done, &count) == 1) {
      done += count;
      continue;
    }
    const int error = SSL_get_error(tls_.get(), 0);
    const bool blocked = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
    return {done, blocked ? IoState::blocked : IoState::ended};
  }
  return {done, IoState::ready};
}

void Socket::finish() {
  if (tls_ && SSL_is_init_finished(tls_.get()) == 1) SSL_shutdown(tls_.get());
  shutdown(descriptor_, SHUT_WR);
}

size_t Socket::unread() const {
  int count = 0;
  return ioctl(descriptor_, FIONREAD, &count) == 0 ? static_cast<size_t>(count) : 0;
}

int connect_from(const std::string& source, const std::string& target, uint16_t port,
                 int receive_buffer) {
  const int descriptor = new_socket();
  if (descriptor < 0) return -1;
  // Without this option bind takes a port for itself that no other target could share.
  set_option(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  if (receive_buffer > 0) set_option(descriptor, SOL_SOCKET, SO_RCVBUF, receive_buffer);
  const sockaddr_in from = address_of(source, 0);
  if (bind(descriptor, generic(from), sizeof from) == 0) return begin(descriptor, target, port);
  close(descriptor);
  return -1;
}

int connect_to(const std::string& target, uint16_t port) {
  const int descriptor = new_socket();
  return descriptor < 0 ? -1 : begin(descriptor, target, port);
}

int listen_on(uint16_t& port) {
  const int descriptor = new_socket();
  if (descriptor < 0) return -1;
  set_option(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
  sockaddr_in address = address_of("0.0.0.0", port);
  socklen_t size = sizeof address;
  const bool listening = bind(descriptor, generic(address), sizeof address) == 0 &&
                         listen(descriptor, 4096) == 0 &&
                         getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  if (!listening) {
    close(descriptor);
    return -1;
  }
  port = ntohs(address.sin_port);
  return descriptor;
}

}  // namespace bench
