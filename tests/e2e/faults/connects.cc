// Preloaded: counts, in the file named by WEIR_TEST_CONNECTS, the calls of connect() and those that
// found no local port.
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

struct Counts {
  std::atomic<int64_t> all;
  std::atomic<int64_t> without_port;
};

Counts* open_counts() {
  static Counts unshared{};
  const char* path = std::getenv("WEIR_TEST_CONNECTS");
  const int fd = path != nullptr ? ::open(path, O_RDWR | O_CLOEXEC) : -1;
  if (fd < 0) return &unshared;
  void* page = ::mmap(nullptr, sizeof(Counts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  return page == MAP_FAILED ? &unshared : static_cast<Counts*>(page);
}

}  // namespace

extern "C" int connect(int fd, const sockaddr* address, socklen_t size) {
  static Counts* const counts = open_counts();
  using Connect = int (*)(int, const sockaddr*, socklen_t);
  static const auto real = reinterpret_cast<Connect>(::dlsym(RTLD_NEXT, "connect"));
  const int result = real(fd, address, size);
  const bool network = address->sa_family == AF_INET || address->sa_family == AF_INET6;
  if (!network) return result;
  const int error = errno;
  counts->all.fetch_add(1);
  if (result != 0 && error == EADDRNOTAVAIL) counts->without_port.fetch_add(1);
  errno = error;
  return result;
}
