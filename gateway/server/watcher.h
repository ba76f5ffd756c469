// Notices that configuration files have changed, by looking: that also sees the symlink swap of a
// mounted ConfigMap.
#pragma once

#include <string>
#include <vector>

#include "gateway/net/loop.h"

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

  Watcher(net::Loop& loop, Handler& handler);

  // The files that are in force, and the folders in which others may appear; and what they name,
  // whose folders hold other people's files, too.
  void watch(const std::vector<std::string>& files, const std::vector<std::string>& named = {});

 private:
  void on_deadline(std::chrono::milliseconds now) override;
  std::string look() const;  // changes when a file does

  net::Loop& loop_;
  Handler& handler_;
  std::vector<std::string> files_;
  std::string known_;     // in force
  std::string changing_;  // seen last time, but not yet at rest
};

}  // namespace gateway::server
