// The program's own log (standard error) and the access log (JSON lines, a file or standard
// output). Both are written by a thread of their own: a full pipe or a slow disk never holds up a
// loop.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace spdlog {
class logger;
}

namespace gateway::log {

enum class Level { trace, debug, info, warning, error };

// Starts the program's log. Called once, before any thread; say() before that goes nowhere.
void start(Level level);
void set_level(Level level);
// Waits until everything is written.
void finish();

// One line: "2026-01-31T12:00:00.000Z info  text". Control characters of `text` are made visible.
void say(Level level, std::string_view text);

// Lines that find the queue full are dropped and counted, never waited for. Any thread.
class AccessLog {
 public:
  // "-": standard output. Throws nothing: an unusable path is reported by `error` and nothing is
  // written.
  explicit AccessLog(const std::string& path);
  ~AccessLog();
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  void write(std::string_view line);
  // After a rotation: opens the path anew; what was written before stays in the old file. Empty:
  // done, else why not.
  std::string reopen();
  // Hands what was written since the last call to the system: called a few times a second. Costs
  // nothing when idle.
  void flush();
  uint64_t dropped() const;
  const std::string& error() const { return error_; }

 private:
  struct State;
  std::unique_ptr<State> state_;
  std::string error_;
};

}  // namespace gateway::log
