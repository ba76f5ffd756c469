// Notices that configuration files have changed, by looking: that also sees the symlink swap of a
// mounted ConfigMap.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/files/file_version.h"
#include "gateway/net/loop.h"
#include "gateway/net/side_thread.h"

namespace gateway::server {

class Watcher final : private net::DeadlineWheel::Entry {
 public:
  class Handler {
   public:
    virtual void on_files_changed() = 0;  // they have changed, and then rested for an interval

   protected:
    ~Handler() = default;
  };

  static constexpr std::chrono::milliseconds kInterval{1000};

  // Who runs an errand beside the loop: a disk that is stuck holds up a look.
  using Runner = std::function<void(net::SideThread::Errand)>;

  // `loop`, `handler` and whatever the runner leans on outlive this; this outlives the loop's run.
  Watcher(net::Loop& loop, Runner runner, Handler& handler);

  struct Watched {
    std::vector<std::string> files;  // those in force, in whose folders others may appear
    std::vector<std::string> named;  // what they name, whose folders hold other people's files, too
    // When they were begun to be read, in nanoseconds since the epoch: what was written since then
    // has perhaps not been seen.
    int64_t read_since = 0;
  };
  void watch(const Watched& watched);

 private:
  using Paths = std::vector<std::string>;
  using Marks = std::vector<files::FileMark>;

  void on_deadline(std::chrono::milliseconds now) override;
  void look(std::function<void(Marks)> seen);
  void compare(Marks seen);

  net::Loop& loop_;
  Runner runner_;
  Handler& handler_;
  std::shared_ptr<const Paths> paths_;
  bool looking_ = false;
  Marks known_;     // in force
  Marks changing_;  // seen last time, but not yet at rest
};

}  // namespace gateway::server
