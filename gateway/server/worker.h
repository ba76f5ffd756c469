// A thread: its loop, listeners, client connections and sessions. Shares nothing but what is handed
// to it.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "gateway/edge/listener.h"
#include "gateway/metrics/counters.h"
#include "gateway/metrics/exposition.h"
#include "gateway/origin/origin_paths.h"
#include "gateway/route/change.h"
#include "gateway/server/drain.h"
#include "gateway/server/metering.h"
#include "gateway/server/pacer.h"
#include "gateway/server/trimming.h"

namespace gateway::server {

// The same for all workers; outlives them. Thread-safe, or not changed while they run.
struct Common {
  metrics::Registry& registry;
  net::Admission& admission;
  const session::Scribe& scribe;
  Metering& metering;
  net::dns::KnownNames& names;
  origin::IdleRooms& idle_rooms;
  const net::OwnListeners& own_listeners;
  TrimPace& trim;
};

class Worker {
 public:
  Worker(size_t index, const Common& common, const route::Change& first);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker();  // ends the thread, and whatever is still open with it

  void start();

  // From the control thread; each takes effect with the worker's next turn.
  void open(const std::string& key, const std::string& listener, bool tls, net::UniqueFd fd);
  void close(const std::string& key);
  // `taken` is called on this worker's thread, which has let the change go; it may be empty.
  void use(std::shared_ptr<const route::Change> change, std::function<void()> taken = {});
  // A configuration or a budget has changed so that open sessions may have to end.
  void look_at_sessions();
  // Ends all sessions by the plan, answers 503 to new ones, and soon stops accepting. `drained` is
  // called on this worker's thread.
  void drain(const Drain::Plan& plan, std::function<void()> drained);
  void abort();

  // Adds the figures of its connections to origins. Any thread.
  void add_paths(metrics::PathFacts& to) const;
  // How long its loop's turns take. Any thread may read.
  const net::TurnClock& turns() const { return loop_.turns(); }

 private:
  // Gives memory back to the system when most of those who needed it have gone.
  class Housekeeper final : public net::DeadlineWheel::Entry {
   public:
    explicit Housekeeper(Worker& worker) : worker_(worker) {}
    void on_deadline(std::chrono::milliseconds now) override;

   private:
    Worker& worker_;
    TrimNeed need_;
  };

  // Tells the meters what time it is.
  class Timekeeper final : public net::DeadlineWheel::Entry {
   public:
    Timekeeper(net::Loop& loop, usage::meter::Book& book) : loop_(loop), book_(book) {
      on_deadline(loop.now());
    }
    void on_deadline(std::chrono::milliseconds now) override;

   private:
    net::Loop& loop_;
    usage::meter::Book& book_;
  };

  void take(const route::Change& change);
  void shut_doors();

  net::Loop loop_;
  net::dns::Resolver resolver_;
  origin::PoolStates pools_;
  origin::Authenticator authenticator_;
  origin::OriginPaths paths_;
  edge::IdleClients idle_clients_;  // outlives the clients that stand in it
  edge::Lasting lasting_;
  net::OwnedSet<edge::Client> clients_;
  session::Table table_;
  Common common_;
  const session::Scribe scribe_;  // with our own queue of the access log
  edge::WorkerContext context_;
  std::map<std::string, std::unique_ptr<edge::Listener>> listeners_;
  Housekeeper housekeeper_;
  Timekeeper timekeeper_;
  Pacer pacer_;
  std::optional<Drain> drain_;
  std::thread thread_;
};

}  // namespace gateway::server
