// How many processors this process may keep busy: those it may run on, and the quota of its control
// groups.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace gateway::server {

// In processors, "1.5"; the least of the group's own and of those above it, in version 1 and 2.
// Nothing: there is none. `root` stands in front of /proc and of the mount points.
[[nodiscard]] std::optional<double> cpu_quota(const std::string& root = {});

// At least 1. A quota of 1.5 lets two work.
[[nodiscard]] size_t usable_cores(size_t allowed, const std::optional<double>& quota);

// Of this process, by its affinity and its quota.
[[nodiscard]] size_t usable_cores();

}  // namespace gateway::server
