// Preloaded: no clock of the process moves but by the test's hand. The file named by WEIR_TEST_HAND
// holds what the monotonic and the wall clock say, in nanoseconds. Waits with a limit look at it
// every few milliseconds; they end with their event at once, and with their limit when the hand has
// passed it, however busy the machine is.
#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kMillisecond = 1'000'000;
constexpr int kLook = 2;  // milliseconds of real time

struct Hand {
  volatile int64_t monotonic;
  volatile int64_t wall;
};

const Hand* open_hand() {
  static const Hand none{};
  const char* path = std::getenv("WEIR_TEST_HAND");
  const int fd = path != nullptr ? ::open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (fd < 0) return &none;
  void* page = ::mmap(nullptr, sizeof(Hand), PROT_READ, MAP_SHARED, fd, 0);
  ::close(fd);
  return page == MAP_FAILED ? &none : static_cast<const Hand*>(page);
}

// Found at the first call, which may come before any constructor of this library.
const Hand& hand() {
  static const Hand* const shared = open_hand();
  return *shared;
}

bool is_wall(clockid_t clock) { return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE; }

bool is_moved(clockid_t clock) {
  return is_wall(clock) || clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE ||
         clock == CLOCK_MONOTONIC_RAW || clock == CLOCK_BOOTTIME;
}

int64_t now(clockid_t clock) { return is_wall(clock) ? hand().wall : hand().monotonic; }

int64_t nanoseconds(const timespec& time) { return time.tv_sec * kSecond + time.tv_nsec; }

timespec real_soon() {
  timespec time{};
  ::syscall(SYS_clock_gettime, CLOCK_REALTIME, &time);
  const int64_t then = nanoseconds(time) + kLook * kMillisecond;
  return {.tv_sec = then / kSecond, .tv_nsec = then % kSecond};
}

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

// The waits of one kind: `wait` takes the real limit in milliseconds and returns 0 at its end.
template <class Wait>
int wait_by_hand(int timeout, const Wait& wait) {
  if (timeout == 0) return wait(0);
  const int64_t limit = hand().monotonic + int64_t{timeout} * kMillisecond;
  while (true) {
    const int result = wait(kLook);
    if (result != 0) return result;
    if (timeout > 0 && hand().monotonic >= limit) return 0;
  }
}

// A wake-up without a cause is allowed, so the caller looks at its condition now and then.
int wait_condition(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock,
                   const timespec* until) {
  using Wait = int (*)(pthread_cond_t*, pthread_mutex_t*, clockid_t, const timespec*);
  static const auto real = next<Wait>("pthread_cond_clockwait");
  if (now(clock) >= nanoseconds(*until)) return ETIMEDOUT;
  const timespec soon = real_soon();
  const int result = real(condition, mutex, CLOCK_REALTIME, &soon);
  if (result != ETIMEDOUT) return result;
  return now(clock) >= nanoseconds(*until) ? ETIMEDOUT : 0;
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  if (!is_moved(clock)) return static_cast<int>(::syscall(SYS_clock_gettime, clock, time));
  const int64_t told = now(clock);
  *time = {.tv_sec = told / kSecond, .tv_nsec = told % kSecond};
  return 0;
}

extern "C" int gettimeofday(timeval* __restrict time, void* __restrict) noexcept {
  const int64_t told = hand().wall;
  *time = {.tv_sec = told / kSecond, .tv_usec = told % kSecond / 1000};
  return 0;
}

extern "C" time_t time(time_t* result) noexcept {
  const time_t told = hand().wall / kSecond;
  if (result != nullptr) *result = told;
  return told;
}

extern "C" int epoll_wait(int fd, epoll_event* events, int most, int timeout) {
  using Wait = int (*)(int, epoll_event*, int, int);
  static const auto real = next<Wait>("epoll_wait");
  return wait_by_hand(timeout, [&](int limit) { return real(fd, events, most, limit); });
}

extern "C" int epoll_pwait(int fd, epoll_event* events, int most, int timeout,
                           const sigset_t* mask) {
  using Wait = int (*)(int, epoll_event*, int, int, const sigset_t*);
  static const auto real = next<Wait>("epoll_pwait");
  return wait_by_hand(timeout, [&](int limit) { return real(fd, events, most, limit, mask); });
}

extern "C" int poll(pollfd* watched, nfds_t count, int timeout) {
  using Wait = int (*)(pollfd*, nfds_t, int);
  static const auto real = next<Wait>("poll");
  return wait_by_hand(timeout, [&](int limit) { return real(watched, count, limit); });
}

extern "C" int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                                      const timespec* until) {
  return wait_condition(condition, mutex, CLOCK_REALTIME, until);
}

extern "C" int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                                      clockid_t clock, const timespec* until) {
  return wait_condition(condition, mutex, clock, until);
}
