// What serves by the configuration in force: ports and workers.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/metrics/exposition.h"
#include "gateway/net/side_thread.h"
#include "gateway/server/candidate.h"
#include "gateway/server/old_snapshots.h"
#include "gateway/server/ports.h"
#include "gateway/server/process.h"
#include "gateway/server/worker.h"

namespace gateway::server {

// The control thread's. Made when all that may be refused has been had; serves from then on, until
// it is destroyed.
class Service {
 public:
  using Workers = std::vector<std::unique_ptr<Worker>>;

  // `admin` is where the process listens beside its ports. `disposal` is where a configuration ends
  // that nobody needs any more: with thousands of domains that takes a while. Both loops' owners,
  // `process` and `disposal` outlive this.
  struct Lent {
    net::Loop& loop;
    Process& process;
    net::SideThread& disposal;
    net::Address admin;
  };
  // `opened` are the ports of the first configuration.
  Service(const Lent& lent, Candidate first, Ports ports, Ports::Change opened);
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  ~Service();

  const route::Snapshot& snapshot() const { return *snapshot_; }
  std::shared_ptr<const route::Snapshot> share() const { return snapshot_; }
  std::shared_ptr<const NamedFiles> named_files() const { return named_files_; }
  std::shared_ptr<const Metering::Rules> rules() const { return rules_; }
  const Workers& workers() const { return workers_; }
  const Ports& ports() const { return ports_; }

  // Opens what the next configuration has more; its errors: why it cannot be in force.
  [[nodiscard]] Ports::Change plan(const config::Document& document);

  // From now on the candidate is in force, with what plan() has opened for it: each worker takes it
  // with its next turn. Returns lines for the operator: what becomes of open sessions. `taken` is
  // called when the last worker has it.
  std::vector<std::string> use(Candidate candidate, Ports::Change change,
                               std::function<void()> taken);

  // Of a budget that is used up.
  void look_at_sessions();

 private:
  // One that not all workers have taken yet.
  struct Turnover {
    std::shared_ptr<const route::Change> change;
    size_t missing;  // workers
    std::function<void()> taken;
  };

  void hand_out(Ports::Change& change);
  void hand_over(const std::shared_ptr<const route::Change>& change, std::function<void()> taken);
  void one_has_taken(uint64_t number);

  Lent lent_;
  std::shared_ptr<const route::Snapshot> snapshot_;
  std::shared_ptr<const NamedFiles> named_files_;
  std::shared_ptr<const Metering::Rules> rules_;
  Ports ports_;
  Common common_;
  OldSnapshots old_;
  std::deque<Turnover> turnovers_;
  uint64_t first_turnover_ = 0;  // the number of the front
  Workers workers_;
};

}  // namespace gateway::server
