#include "gateway/files/text_file.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace gateway::files {

namespace {

proto::Unexpected<std::string> unreadable(const std::string& why) {
  return {"cannot be read: " + why};
}

proto::Unexpected<std::string> unreadable(int error) {
  return unreadable(std::generic_category().message(error));
}

std::string kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "it is a folder";
  if (S_ISFIFO(mode)) return "it is a pipe, and would be waited for";
  if (S_ISSOCK(mode)) return "it is a socket";
  return "it is a device or a terminal, and may have no end";
}

// Closes what it holds.
struct Descriptor {
  explicit Descriptor(const std::string& path)
      // A pipe or terminal that took the file's place a moment ago is not waited for, either.
      : fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
  int fd;
};

}  // namespace

proto::Result<std::string, std::string> read_text_file(const std::string& path, size_t most) {
  struct stat status {};
  // Before it is opened: already the opening of a pipe lets its writer go on.
  if (::stat(path.c_str(), &status) != 0) return unreadable(errno);
  if (!S_ISREG(status.st_mode)) return unreadable("not a regular file: " + kind_of(status.st_mode));
  const Descriptor file(path);
  if (file.fd < 0 || ::fstat(file.fd, &status) != 0) return unreadable(errno);
  if (!S_ISREG(status.st_mode)) return unreadable("not a regular file: " + kind_of(status.st_mode));
  std::string text;
  std::array<char, 16'384> part{};
  // Not by the size that the system tells: of what a program makes up as it is read, that is 0.
  while (text.size() <= most) {
    const ssize_t count = ::read(file.fd, part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return unreadable(errno);
    if (count == 0) break;
    text.append(part.data(), static_cast<size_t>(count));
  }
  return text;
}

}  // namespace gateway::files
