// Answers the admin listener's questions about usage: reads the ledger on a thread of its own, so
// that a long answer holds up nobody.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "gateway/admin/server.h"
#include "gateway/net/loop.h"
#include "gateway/usage/answers/tariffs.h"

namespace gateway::admin {

// ask() and use() are for the loop's thread. Destroying the desk gives up what is being answered
// and calls no `done` any more, except those that the loop has been handed before.
class UsageDesk {
 public:
  static constexpr size_t kMostWaiting = 16;
  static constexpr std::chrono::seconds kPatience{30};  // for one answer

  struct Plan {
    std::string node;
    std::string ledger_path;
    std::chrono::milliseconds keep{0};                // of the ledger; 0: it keeps everything
    std::function<std::chrono::milliseconds()> wall;  // since the epoch; empty: the system's clock
  };
  UsageDesk(net::Loop& loop, Plan plan);
  UsageDesk(const UsageDesk&) = delete;
  UsageDesk& operator=(const UsageDesk&) = delete;
  ~UsageDesk();

  // A new configuration: from the next answer on.
  void use(std::shared_ptr<const usage::answers::Tariffs> tariffs);

  // `done` comes on the loop's thread, never from inside. 503 when too many are waiting.
  void ask(std::string path, std::string query, UsageDone done);

 private:
  struct Asked {
    std::string path;
    std::string query;
    UsageDone done;
  };
  void run();
  UsageAnswer answer(const Asked& asked);
  int64_t now() const;  // Unix seconds

  net::Loop& loop_;
  Plan plan_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Asked> waiting_;
  std::shared_ptr<const usage::answers::Tariffs> tariffs_;
  std::atomic<bool> ending_{false};
  std::thread thread_;
};

}  // namespace gateway::admin
