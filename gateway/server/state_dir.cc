#include "gateway/server/state_dir.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <system_error>

#include "gateway/log/log.h"

namespace gateway::server {

using net::UniqueFd;
using proto::Unexpected;

namespace {

std::string reason() { return std::strerror(errno); }  // NOLINT(concurrency-mt-unsafe)

// Whoever can put a link where we make a file would have us write to any file of our user. Empty:
// there is none.
std::string link_in(const std::string& folder) {
  // SQLite makes the last three beside its file, and follows none of them itself.
  constexpr std::array<const char*, 8> kOurs{"/weir.lock",    "/control.sock",    "/meters",
                                             "/sticky.key",   "/usage.db",        "/usage.db-wal",
                                             "/usage.db-shm", "/usage.db-journal"};
  for (const char* name : kOurs) {
    std::error_code error;
    if (std::filesystem::is_symlink(folder + name, error)) return folder + name;
  }
  return {};
}

}  // namespace

std::string lock_path(const std::string& state_dir) { return state_dir + "/weir.lock"; }

std::string control_socket_path(const std::string& state_dir) {
  return state_dir + "/control.sock";
}

proto::Result<StateDir, std::string> StateDir::open(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) {
    return Unexpected{"state_dir " + path + " cannot be made: " + error.message() +
                      "; create it for user id " + std::to_string(::geteuid()) +
                      " or set state_dir to a folder of its own"};
  }
  if (const std::string link = link_in(path); !link.empty()) {
    return Unexpected{link +
                      " is a symbolic link, and Weir follows none in its state_dir: put the "
                      "file itself there, or remove the link"};
  }
  UniqueFd lock(::open(lock_path(path).c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!lock) {
    return Unexpected{"state_dir " + path + " is not writable for user id " +
                      std::to_string(::geteuid()) + ": " + reason()};
  }
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    std::array<char, 32> pid{};
    const ssize_t size = ::read(lock.get(), pid.data(), pid.size() - 1);
    const std::string owner =
        size > 0 ? std::string(pid.data(), static_cast<size_t>(size)) : "unknown";
    return Unexpected{"state_dir " + path + " is in use by another Weir, pid " + owner +
                      ": stop it, or give this one a state_dir of its own"};
  }
  const std::string own = std::to_string(::getpid());
  // Whoever comes second is told it; a disk that is full or broken must not keep us from serving.
  if (::ftruncate(lock.get(), 0) != 0 || ::pwrite(lock.get(), own.data(), own.size(), 0) < 0) {
    log::say(log::Level::warning, "state_dir " + path + " cannot be written to: " + reason());
  }
  return StateDir(path, std::move(lock));
}

proto::Result<UniqueFd, std::string> StateDir::open_control_socket() const {
  const std::string path = control_socket_path(path_);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return Unexpected{"the control socket's path " + path + " is longer than " +
                      std::to_string(sizeof address.sun_path - 1) +
                      " bytes: choose a shorter state_dir"};
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  ::unlink(path.c_str());
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const mode_t before = ::umask(0177);
  const bool bound =
      fd && ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::listen(fd.get(), 16) == 0;
  const std::string problem = bound ? std::string() : reason();
  ::umask(before);
  if (!bound) return Unexpected{"the control socket " + path + " cannot be opened: " + problem};
  return fd;
}

}  // namespace gateway::server
