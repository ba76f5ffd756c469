// The ledger's thread: brings meters and session records to the disk, and recovers what a dead
// process has left. Whatever the disk does, the loops never wait for it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gateway/usage/budget.h"
#include "gateway/usage/ledger/progress.h"
#include "gateway/usage/meter/books.h"
#include "gateway/usage/record.h"

namespace gateway::usage::ledger {

class Writer {
 public:
  struct Plan {
    std::string state_dir;
    std::string node;
    std::string boot;
    std::chrono::milliseconds flush_interval{1000};
    std::chrono::milliseconds keep{std::chrono::hours{24 * 93}};
    std::function<std::chrono::milliseconds()> wall;  // since the epoch; empty: the system's clock
  };

  // `queues`: one of each worker. All outlive the writer.
  Writer(Plan plan, meter::Books& meters, std::vector<RecordQueue*> queues);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer();  // stop(), if it was not called

  // Opens the ledger, writes the slots of dead boots to it and removes their files; then starts the
  // thread. Never refuses: what is damaged is set aside with a log line, a disk that fails is tried
  // again at each flush.
  void start();
  // Writes the last rows and ends the thread; the meter files go when their rows are durable.
  void stop();

  // One flush, by hand: for tests, which do not start(). False: the disk failed.
  bool flush();

  // Budgets of a new configuration, by domain label. `changed` comes on the ledger's thread
  // whenever a domain's standing changes, and with each flush while it is hard.
  using BudgetChanged = std::function<void(const std::string& domain, BudgetStanding now)>;
  void use_budgets(std::map<std::string, BudgetPlan> plans, BudgetChanged changed);

  // Any thread.
  using Figures = Progress::Figures;
  Figures figures() const;
  // Called on the ledger's thread after each durable flush: there may be changes for a sink.
  void on_flushed(std::function<void()> tell);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gateway::usage::ledger
