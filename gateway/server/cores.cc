#include "gateway/server/cores.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sched.h>
#include <sstream>
#include <string_view>
#include <thread>

namespace gateway::server {

namespace {

// Where the hierarchy that limits processors is mounted.
struct Mount {
  bool version_2 = false;
  std::string root;  // of the hierarchy, as far as it is seen there
  std::string point;
};

bool has_word(const std::string& list, std::string_view word) {
  std::istringstream words(list);
  for (std::string one; std::getline(words, one, ',');) {
    if (one == word) return true;
  }
  return false;
}

// proc(5): "36 35 98:0 ROOT POINT options [optional ...] - TYPE SOURCE SUPER-OPTIONS".
std::optional<Mount> mount_of(const std::string& line) {
  std::istringstream words(line);
  std::string skipped, root, point, type, source, options;
  words >> skipped >> skipped >> skipped >> root >> point;
  while (words >> skipped && skipped != "-") {
  }
  words >> type >> source >> options;
  if (type == "cgroup2") return Mount{.version_2 = true, .root = root, .point = point};
  if (type == "cgroup" && has_word(options, "cpu")) return Mount{false, root, point};
  return std::nullopt;
}

// cgroups(7): "0::/path" of version 2, "4:cpu,cpuacct:/path" of version 1.
std::optional<std::string> group_of(const std::string& root, bool version_2) {
  std::ifstream file(root + "/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (version_2 ? controllers.empty() : has_word(controllers, "cpu"))
      return line.substr(second + 1);
  }
  return std::nullopt;
}

std::optional<double> share(double quota, double period) {
  if (quota <= 0 || period <= 0) return std::nullopt;
  return quota / period;
}

std::optional<double> quota_in(const std::string& folder, bool version_2) {
  double quota = 0;
  double period = 0;
  if (version_2) {
    // "max 100000" has no number in front.
    std::ifstream file(folder + "/cpu.max");
    if (!(file >> quota >> period)) return std::nullopt;
    return share(quota, period);
  }
  std::ifstream quota_file(folder + "/cpu.cfs_quota_us");
  std::ifstream period_file(folder + "/cpu.cfs_period_us");
  if (!(quota_file >> quota) || !(period_file >> period)) return std::nullopt;
  return share(quota, period);  // -1: none
}

void take_least(std::optional<double>& least, const std::optional<double>& one) {
  if (one && (!least || *one < *least)) least = one;
}

// From the group up to what is mounted. A container may be shown its own group as the mount's root,
// by a path that is the host's: then the mount point is all there is.
std::optional<double> least_of(const std::string& root, const Mount& mount) {
  std::string path = group_of(root, mount.version_2).value_or("/");
  if (mount.root != "/" && path.starts_with(mount.root)) path = path.substr(mount.root.size());
  std::optional<double> least;
  for (; path.size() > 1; path = path.substr(0, path.rfind('/')))
    take_least(least, quota_in(root + mount.point + path, mount.version_2));
  take_least(least, quota_in(root + mount.point, mount.version_2));
  return least;
}

size_t allowed_cores() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof allowed, &allowed) == 0)
    return static_cast<size_t>(CPU_COUNT(&allowed));
  return std::thread::hardware_concurrency();  // more than the set has room for
}

}  // namespace

std::optional<double> cpu_quota(const std::string& root) {
  std::optional<double> least;
  std::ifstream mounts(root + "/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    if (const auto mount = mount_of(line)) take_least(least, least_of(root, *mount));
  }
  return least;
}

size_t usable_cores(size_t allowed, const std::optional<double>& quota) {
  size_t cores = std::max<size_t>(allowed, 1);
  if (quota && *quota < static_cast<double>(cores))
    cores = static_cast<size_t>(std::max(std::ceil(*quota), 1.0));
  return cores;
}

size_t usable_cores() { return usable_cores(allowed_cores(), cpu_quota()); }

}  // namespace gateway::server
