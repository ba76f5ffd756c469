#include "tests/bench/process.h"

#include <array>
#include <sys/resource.h>
#include <time.h>

namespace bench {

uint64_t raise_descriptor_limit() {
  // fs.nr_open is 1048576 unless an administrator moved it; the hard limit is what is left
  // when the process may not raise it.
  constexpr std::array<rlim_t, 3> wanted{1048576, 524288, 131072};
  for (const rlim_t count : wanted) {
    const rlimit both{count, count};
    if (setrlimit(RLIMIT_NOFILE, &both) == 0) return count;
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  limit.rlim_cur = limit.rlim_max;
  return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : 0;
}

int64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace bench
