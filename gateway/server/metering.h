// What the process owns of usage: the meters, the session records on their way, the ledger's
// thread, the central store's, and the budgets. Lives on the control thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gateway/admin/usage_desk.h"
#include "gateway/config/document.h"
#include "gateway/metrics/exposition.h"
#include "gateway/net/loop.h"
#include "gateway/postgres/sink.h"
#include "gateway/usage/answers/tariffs.h"
#include "gateway/usage/budget_standings.h"
#include "gateway/usage/ledger/writer.h"
#include "gateway/usage/meter/books.h"
#include "gateway/usage/record.h"

namespace gateway::server {

class Metering {
 public:
  struct Plan {
    std::string state_dir;
    std::string boot;
    size_t workers = 1;
    // On the control thread: its open sessions are to be ended.
    std::function<void(const std::string& domain)> end_sessions = {};
  };
  // `loop` is the control thread's, and outlives this.
  Metering(Plan plan, const config::Document& document, net::Loop& loop);
  Metering(const Metering&) = delete;
  Metering& operator=(const Metering&) = delete;
  ~Metering();

  usage::meter::Books& meters() { return meters_; }
  usage::BudgetStandings& standings() { return standings_; }
  // Of a worker; null: session records are switched off.
  usage::RecordQueue* records(size_t worker);

  // Recovers what a dead process has left, then begins to write. May take as long as the disk does.
  void start();
  // What a configuration says of budgets and bills. Any thread.
  struct Rules {
    std::shared_ptr<const usage::answers::Tariffs> tariffs;
    std::map<std::string, usage::BudgetPlan> budgets;  // by label, of domains that have one
    std::map<std::string, bool> closes;                // likewise: budget.close
  };
  [[nodiscard]] static Rules rules_of(const config::Document& document,
                                      usage::BudgetStandings& standings);
  // Those of a configuration that is in force from now on; they may be those of the one before.
  void use(std::shared_ptr<const Rules> rules);
  // After the workers have ended: brings everything to the disk. Without a start() before it, takes
  // away what was made: a process that is restarted in vain must not fill the disk.
  void stop();

  // All but what the meters have counted.
  metrics::UsageFacts facts();
  // Adds that, for each domain. Any thread.
  void add_counted(metrics::UsageFacts& facts) const;
  // Of the admin listener.
  void ask(std::string path, std::string query, admin::UsageDone done);

 private:
  void budget_changed(const std::string& domain, usage::BudgetStanding now);

  Plan plan_;
  net::Loop& loop_;
  bool keeps_records_;
  bool started_ = false;
  usage::meter::Books meters_;
  usage::BudgetStandings standings_;
  std::vector<std::unique_ptr<usage::RecordQueue>> queues_;
  std::unique_ptr<usage::ledger::Writer> ledger_writer_;
  std::unique_ptr<postgres::Sink> postgres_;
  std::unique_ptr<admin::UsageDesk> desk_;
  std::shared_ptr<const Rules> rules_ = std::make_shared<const Rules>();  // in force; never null
};

}  // namespace gateway::server
