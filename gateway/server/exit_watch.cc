#include "gateway/server/exit_watch.h"

#include <string>
#include <system_error>
#include <unistd.h>

#include "gateway/log/log.h"

namespace gateway::server {

using std::chrono::milliseconds;

ExitWatch::ExitWatch(milliseconds patience) {
  try {
    thread_ = std::thread([this, patience] { run(patience); });
  } catch (const std::system_error&) {
    // Where there is no thread to be had nobody watches.
  }
}

ExitWatch::~ExitWatch() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
  }
  done_signal_.notify_one();
  thread_.join();
}

void ExitWatch::run(milliseconds patience) {
  std::unique_lock lock(mutex_);
  if (done_signal_.wait_for(lock, patience, [this] { return done_; })) return;
  log::print(std::string("weir: ended without waiting any longer for ") + what_.load() + "\n",
             milliseconds{0});
  ::_exit(1);
}

}  // namespace gateway::server
