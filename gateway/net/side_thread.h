// A thread beside a loop, for what takes longer than a loop may wait: disks, and large texts.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "gateway/net/loop.h"

namespace gateway::net {

// run() and the destructor are for the loop's thread.
class SideThread {
 public:
  using Done = std::function<void()>;
  // Runs on the thread; what it returns runs on the loop's thread then, unless it is empty.
  using Errand = std::function<Done()>;

  // `loop` outlives this. Throws std::system_error where the system gives no thread.
  explicit SideThread(Loop& loop);
  SideThread(const SideThread&) = delete;
  SideThread& operator=(const SideThread&) = delete;
  // Waits for the errand that is under way, however long that takes. Nothing that it returns is run
  // any more, nor are the errands behind it; only what the loop has been handed before is.
  ~SideThread();

  // One after the other, in this order.
  void run(Errand errand);
  // An errand is under way, or waits.
  bool is_busy();

 private:
  void work();

  Loop& loop_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Errand> errands_;
  bool running_ = false;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace gateway::net
