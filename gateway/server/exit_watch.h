// Sees to it that the process ends: what it does last may wait for a disk, a database or a reader
// that holds it for good.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace gateway::server {

class ExitWatch {
 public:
  // What is not done by then is left undone: the process ends with exit code 1, and standard error
  // has a line that says what it waited for.
  explicit ExitWatch(std::chrono::milliseconds patience);
  ExitWatch(const ExitWatch&) = delete;
  ExitWatch& operator=(const ExitWatch&) = delete;
  ~ExitWatch();  // all is done

  // What comes now, for that line: a text that is always there.
  void at(const char* what) { what_.store(what); }

 private:
  void run(std::chrono::milliseconds patience);

  std::atomic<const char*> what_{"the workers"};
  std::mutex mutex_;
  std::condition_variable done_signal_;
  bool done_ = false;
  std::thread thread_;
};

}  // namespace gateway::server
