#include "gateway/server/cores.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/folder.h"

using namespace tests;
using gateway::server::cpu_quota;
using gateway::server::usable_cores;

namespace {

// What the kernel would show below /proc and /sys.
struct Tree {
  void write(const std::string& path, const std::string& text) const {
    const std::filesystem::path file = folder.path() + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  void mount(const std::string& root, const std::string& point, const std::string& type,
             const std::string& options) const {
    write("/proc/self/mountinfo", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n31 22 0:28 " + root + " " +
                                      point + " rw,relatime shared:9 - " + type + " none " +
                                      options + "\n");
  }
  std::optional<double> quota() const { return cpu_quota(folder.path()); }
  Folder folder;
};

}  // namespace

TEST_CASE("FY4 cores: the quota of version 2 is the least on the way up") {
  const Tree tree;
  tree.mount("/", "/sys/fs/cgroup", "cgroup2", "rw");
  tree.write("/proc/self/cgroup", "0::/system.slice/weir.service\n");
  CHECK_FALSE(tree.quota().has_value());
  tree.write("/sys/fs/cgroup/system.slice/weir.service/cpu.max", "max 100000\n");
  CHECK_FALSE(tree.quota().has_value());
  tree.write("/sys/fs/cgroup/system.slice/weir.service/cpu.max", "150000 100000\n");
  CHECK(tree.quota() == 1.5);
  tree.write("/sys/fs/cgroup/system.slice/cpu.max", "50000 100000\n");
  CHECK(tree.quota() == 0.5);
  // Within a container the group is the root of what is mounted.
  tree.write("/proc/self/cgroup", "0::/\n");
  tree.write("/sys/fs/cgroup/cpu.max", "300000 100000\n");
  CHECK(tree.quota() == 3);
}

TEST_CASE("FY4 cores: the quota of version 1, also where the group's path is the host's") {
  const Tree tree;
  tree.mount("/", "/sys/fs/cgroup/cpu,cpuacct", "cgroup", "rw,cpu,cpuacct");
  tree.write("/proc/self/cgroup", "5:memory:/other\n4:cpu,cpuacct:/weir\n0::/\n");
  tree.write("/sys/fs/cgroup/cpu,cpuacct/weir/cpu.cfs_quota_us", "-1\n");
  tree.write("/sys/fs/cgroup/cpu,cpuacct/weir/cpu.cfs_period_us", "100000\n");
  CHECK_FALSE(tree.quota().has_value());
  tree.write("/sys/fs/cgroup/cpu,cpuacct/weir/cpu.cfs_quota_us", "200000\n");
  CHECK(tree.quota() == 2);

  const Tree container;
  container.mount("/docker/abc", "/sys/fs/cgroup/cpu", "cgroup", "rw,cpu");
  container.write("/proc/self/cgroup", "4:cpu:/docker/abc\n");
  container.write("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "100000\n");
  container.write("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  CHECK(container.quota() == 1);
}

TEST_CASE("FY4 cores: as many as may run, no more than the quota lets work, never none") {
  CHECK(usable_cores(8, std::nullopt) == 8);
  CHECK(usable_cores(8, 1.0) == 1);
  CHECK(usable_cores(8, 1.5) == 2);
  CHECK(usable_cores(8, 0.1) == 1);
  CHECK(usable_cores(2, 64.0) == 2);
  CHECK(usable_cores(0, std::nullopt) == 1);
  CHECK(usable_cores() >= 1);
}
