#include "gateway/log/sink.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

namespace gateway::log {

namespace {

// A pipe that is writable takes this much without waiting (POSIX: PIPE_BUF).
constexpr size_t kSharedWrite = 4096;
// What one write gets, so that room in a queue comes back while more is written.
constexpr size_t kWrite = size_t{256} * 1024;

std::string text_of(int code) { return std::strerror(code); }  // NOLINT(concurrency-mt-unsafe)

// By its number, because to open a device may do something already.
bool is_terminal(dev_t device) {
  constexpr std::array<unsigned, 6> kMajors{4, 5, 166, 188, 204, 229};  // consoles and serial lines
  const unsigned major = gnu_dev_major(device);
  const bool pseudo = major >= 136 && major <= 143;
  return pseudo || std::find(kMajors.begin(), kMajors.end(), major) != kMajors.end();
}

bool is_terminal(const struct stat& status) {
  return S_ISCHR(status.st_mode) && is_terminal(status.st_rdev);
}

std::string unfit(const struct stat& status) {
  if (S_ISREG(status.st_mode) || S_ISFIFO(status.st_mode) || is_terminal(status)) return {};
  if (S_ISDIR(status.st_mode)) return "is a folder: name a file in it";
  if (S_ISSOCK(status.st_mode)) return "is a socket: name a file or a FIFO";
  return "is a device: name a file, a FIFO or a terminal; for no access log write off";
}

// The first `most` bytes of the two, up to a line's end where there is one.
size_t whole_lines(std::string_view first, std::string_view second, size_t most) {
  if (first.size() + second.size() <= most) return first.size() + second.size();
  if (first.size() < most) {
    const size_t end = second.substr(0, most - first.size()).rfind('\n');
    if (end != std::string_view::npos) return first.size() + end + 1;
  }
  const size_t end = first.substr(0, most).rfind('\n');
  return end == std::string_view::npos ? most : end + 1;
}

}  // namespace

std::string unfit_for_lines(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? unfit(status) : std::string();
}

Sink::Sink(std::string path) : path_(std::move(path)) {}

Sink::~Sink() { close(); }

int Sink::given() const {
  if (path_ == "-" || path_ == "/dev/stdout") return STDOUT_FILENO;
  return path_ == "/dev/stderr" ? STDERR_FILENO : -1;
}

std::string Sink::open() {
  if (const int fd = given(); fd >= 0) {
    if (fd_ < 0) adopt(fd, false);
    return {};
  }
  if (const std::string why = unfit_for_lines(path_); !why.empty()) return path_ + ' ' + why;
  const int fd = ::open(path_.c_str(),
                        O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
  if (fd >= 0) {
    adopt(fd, true);
    inside_line_ = ends_inside_line();
    return {};
  }
  const int code = errno;
  struct stat status {};
  if (code != ENXIO || ::stat(path_.c_str(), &status) != 0 || !S_ISFIFO(status.st_mode))
    return path_ + ": " + text_of(code);
  close();
  fifo_ = true;
  inside_line_ = false;
  return {};
}

bool Sink::ends_inside_line() const {
  struct stat status {};
  if (kind_ != Kind::file || ::fstat(fd_, &status) != 0 || status.st_size == 0) return false;
  const int fd = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  char last = '\n';
  const bool read = fd >= 0 && ::pread(fd, &last, 1, status.st_size - 1) == 1;
  if (fd >= 0) ::close(fd);
  return read && last != '\n';
}

void Sink::adopt(int fd, bool ours) {
  close();
  struct stat status {};
  const bool known = ::fstat(fd, &status) == 0;
  const bool pipe = known && S_ISFIFO(status.st_mode);
  fd_ = fd;
  ours_ = ours;
  fifo_ = ours && pipe;
  kind_ = Kind::file;
  if (known && S_ISSOCK(status.st_mode)) kind_ = Kind::socket;
  if (pipe || (known && is_terminal(status))) kind_ = ours ? Kind::pipe : Kind::shared;
  if (ours || !pipe) return;
  // Opened once more the pipe is the same, but O_NONBLOCK is for us alone.
  const std::string again = "/proc/self/fd/" + std::to_string(fd);
  const int own = ::open(again.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK);
  if (own < 0) return;
  fd_ = own;
  ours_ = true;
  kind_ = Kind::pipe;
}

void Sink::close() {
  if (ours_ && fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Sink::Written Sink::write(std::string_view first, std::string_view second) {
  Written all;
  const size_t most = kind_ == Kind::shared ? kSharedWrite : kWrite;
  while (!first.empty() || !second.empty()) {
    if (fd_ < 0) {
      all.state = fifo_ ? State::unread : State::failed;
      all.error = fifo_ ? 0 : EBADF;
      return all;
    }
    const size_t size = whole_lines(first, second, most);
    const size_t head = std::min(size, first.size());
    std::array<iovec, 2> pieces{};
    // writev takes what it only reads by pointers that are not const.
    pieces[0] = {const_cast<char*>(first.data()), head};
    pieces[1] = {const_cast<char*>(second.data()), size - head};
    const Written some = write_some(pieces, size);
    all.bytes += some.bytes;
    first.remove_prefix(std::min(some.bytes, first.size()));
    second.remove_prefix(some.bytes > head ? some.bytes - head : 0);
    if (some.state == State::taken) continue;
    all.state = some.state;
    all.error = some.error;
    if (all.state == State::unread) close();
    return all;
  }
  return all;
}

// A write that takes less than all says nothing of why; the next one does.
Sink::Written Sink::write_some(std::array<iovec, 2> pieces, size_t size) {
  if (kind_ == Kind::shared) {
    pollfd ready{.fd = fd_, .events = POLLOUT, .revents = 0};
    if (::poll(&ready, 1, 0) == 0) return {State::full, 0, 0};
  }
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  ssize_t count = -1;
  do {
    count = kind_ == Kind::socket ? ::sendmsg(fd_, &message, MSG_DONTWAIT | MSG_NOSIGNAL)
                                  : ::writev(fd_, pieces.data(), static_cast<int>(pieces.size()));
  } while (count < 0 && errno == EINTR);
  if (count > 0 || size == 0) return {State::taken, static_cast<size_t>(count), 0};
  if (count == 0) return {State::failed, 0, EIO};
  const int code = errno;
  if (code == EAGAIN) return {State::full, 0, 0};
  if (code == EPIPE && fifo_) return {State::unread, 0, 0};
  return {State::failed, 0, code};
}

}  // namespace gateway::log
