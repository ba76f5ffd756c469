// What the kernel knows about this process, from /proc/self.
#pragma once

namespace gateway::metrics {

// Zero where the kernel does not say.
struct Process {
  double resident_memory_bytes = 0;
  double open_fds = 0;
  double max_fds = 0;
  double cpu_seconds = 0;
  double start_time_seconds = 0;  // since the epoch
};

[[nodiscard]] Process read_process();

}  // namespace gateway::metrics
