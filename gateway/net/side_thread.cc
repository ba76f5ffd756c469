#include "gateway/net/side_thread.h"

#include <utility>

namespace gateway::net {

SideThread::SideThread(Loop& loop) : loop_(loop), thread_([this] { work(); }) {}

SideThread::~SideThread() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    errands_.clear();
  }
  wake_.notify_one();
  thread_.join();
}

void SideThread::run(Errand errand) {
  {
    const std::lock_guard lock(mutex_);
    errands_.push_back(std::move(errand));
  }
  wake_.notify_one();
}

bool SideThread::is_busy() {
  const std::lock_guard lock(mutex_);
  return running_ || !errands_.empty();
}

void SideThread::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return ending_ || !errands_.empty(); });
    if (ending_) return;
    Errand errand = std::move(errands_.front());
    errands_.pop_front();
    running_ = true;
    lock.unlock();
    Done done = errand();
    errand = nullptr;  // what it holds ends on this thread
    lock.lock();
    running_ = false;
    if (ending_) return;
    if (done) loop_.post(std::move(done));
  }
}

}  // namespace gateway::net
