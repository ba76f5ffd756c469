// The access log: JSON lines, or DCDN's, in a file, a FIFO or on standard output. Whatever that
// does, no loop waits for it.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "gateway/log/line_writer.h"

namespace gateway::log {

class AccessLog {
 public:
  struct Plan {
    std::string path = "-";          // "-": standard output
    size_t queue = size_t{4} << 20;  // bytes, of all workers
    size_t workers = 1;
    std::string node;
    std::string boot_id;
    bool tells_losses = true;  // with a line of its own, {"event":"lost",…}; not in DCDN's format
  };
  explicit AccessLog(Plan plan);
  explicit AccessLog(const std::string& path)
      : AccessLog(Plan{.path = path, .node = {}, .boot_id = {}}) {}

  // Any thread; workers do not wait for each other.
  void write(size_t worker, std::string_view line) { writer_.put(worker, line); }
  void write(std::string_view line) { write(0, line); }
  // After a rotation: opens the path anew; what was written before stays in the old file. Done by
  // the log's own thread, and said in the program's log.
  void reopen() { writer_.reopen(); }
  // Waits no longer than this, and a moment, for what has not been written.
  void end(std::chrono::milliseconds patience) { writer_.end(patience); }

  LineWriter::Figures figures() const { return writer_.figures(); }
  const std::string& error() const { return writer_.error(); }

 private:
  LineWriter writer_;
};

}  // namespace gateway::log
