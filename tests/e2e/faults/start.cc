// Preloaded: the call of a function that WEIR_TEST_REFUSE names, "epoll_create1:2" for its second
// one, fails as it does when the system has no more to give; ":0" is each of them.
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <pthread.h>
#include <sys/types.h>

namespace {

bool is_refused(const char* name) {
  static std::atomic<int> calls{0};
  const char* wanted = std::getenv("WEIR_TEST_REFUSE");
  const size_t size = std::strlen(name);
  if (wanted == nullptr || std::strncmp(wanted, name, size) != 0 || wanted[size] != ':')
    return false;
  const int number = std::atoi(wanted + size + 1);
  return ++calls == number || number == 0;
}

template <class Function>
Function real(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" int epoll_create1(int flags) {
  static const auto kReal = real<int (*)(int)>("epoll_create1");
  if (!is_refused("epoll_create1")) return kReal(flags);
  errno = EMFILE;
  return -1;
}

extern "C" int eventfd(unsigned int value, int flags) {
  static const auto kReal = real<int (*)(unsigned int, int)>("eventfd");
  if (!is_refused("eventfd")) return kReal(value, flags);
  errno = ENFILE;
  return -1;
}

extern "C" int pipe2(int fds[2], int flags) {
  static const auto kReal = real<int (*)(int*, int)>("pipe2");
  if (!is_refused("pipe2")) return kReal(fds, flags);
  errno = ENFILE;
  return -1;
}

extern "C" int listen(int fd, int backlog) {
  static const auto kReal = real<int (*)(int, int)>("listen");
  if (!is_refused("listen")) return kReal(fd, backlog);
  errno = EADDRINUSE;
  return -1;
}

extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                              void* (*begin)(void*), void* argument) {
  static const auto kReal =
      real<int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*)>("pthread_create");
  if (!is_refused("pthread_create")) return kReal(thread, attributes, begin, argument);
  return EAGAIN;
}

extern "C" void* mmap(void* address, size_t size, int protection, int flags, int fd, off_t offset) {
  static const auto kReal = real<void* (*)(void*, size_t, int, int, int, off_t)>("mmap");
  // A library of the process may map files, too; those of the meters are the shared ones.
  const bool shared = fd >= 0 && (flags & 1) != 0;
  if (!shared || !is_refused("mmap")) return kReal(address, size, protection, flags, fd, offset);
  errno = ENOMEM;
  return reinterpret_cast<void*>(-1);
}
