#include "gateway/metrics/process.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <system_error>
#include <unistd.h>

namespace gateway::metrics {

namespace {

namespace fs = std::filesystem;

// The fields of /proc/self/stat from the third one on. The second is the program's name, which may
// hold spaces and parentheses, so counting begins behind the last one (proc(5)).
std::istringstream fields_behind_name() {
  std::ifstream file("/proc/self/stat");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const size_t end = text.rfind(')');
  return std::istringstream(end == std::string::npos ? std::string() : text.substr(end + 1));
}

double boot_time() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;) {
    double seconds = 0;
    if (word == "btime" && file >> seconds) return seconds;
  }
  return 0;
}

void read_stat(Process& process) {
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  const auto page = static_cast<double>(::sysconf(_SC_PAGESIZE));
  constexpr int kFirst = 3;  // proc(5) counts from 1, and the first two are cut off
  std::istringstream fields = fields_behind_name();
  std::string field;
  for (int number = kFirst; fields >> field; ++number) {
    if (number == 14 || number == 15) process.cpu_seconds += std::stod(field) / ticks;
    if (number == 22) process.start_time_seconds = boot_time() + std::stod(field) / ticks;
    if (number == 24) process.resident_memory_bytes = std::stod(field) * page;
  }
}

double count_open_fds() {
  std::error_code error;
  double count = 0;
  for (fs::directory_iterator entry("/proc/self/fd", error), end; !error && entry != end;
       entry.increment(error)) {
    ++count;
  }
  // The directory itself is open while it is read.
  return count > 0 ? count - 1 : 0;
}

}  // namespace

Process read_process() {
  Process process;
  read_stat(process);
  process.open_fds = count_open_fds();
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
    process.max_fds = static_cast<double>(limit.rlim_cur);
  return process;
}

}  // namespace gateway::metrics
