// What the process has whatever its configuration says: its folder, its logs, its counters and
// meters, and what it knows of origins. A reload changes none of it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "gateway/config/document.h"
#include "gateway/log/access_log.h"
#include "gateway/origin/idle_room.h"
#include "gateway/route/builder.h"
#include "gateway/server/limits.h"
#include "gateway/server/metering.h"
#include "gateway/server/node_key.h"
#include "gateway/server/origins.h"
#include "gateway/server/state_dir.h"
#include "gateway/server/worker.h"
#include "proto/base/result.h"

namespace gateway::server {

inline constexpr int kExitOk = 0;
inline constexpr int kExitRuntime = 1;
inline constexpr int kExitConfiguration = 2;

// What may be refused at the start, in the order in which it is asked for.
struct Holdings {
  StateDir state_dir;
  session::Scribe scribe;
  std::unique_ptr<log::AccessLog> access_log;  // null: there is none

  // Error: the exit code; why has been said in the log.
  static proto::Result<Holdings, int> open(const config::Document& document);
};

// Outlives the workers. Its members are made from the first to the last, and end the other way
// round: each leans on those before it.
struct Process {
  // On the control thread: sessions of that domain have to end for its budget.
  using EndSessions = std::function<void(const std::string& domain)>;

  // `loop` is the control thread's, and outlives this.
  Process(Holdings its_holdings, const config::Document& document, net::Loop& loop,
          EndSessions end_sessions);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() = default;

  size_t workers() const { return registry.worker_count(); }
  [[nodiscard]] route::Ingredients ingredients(uint64_t generation);
  [[nodiscard]] Common common();
  // Of the configuration in force. Says them where they differ from those before.
  void use(const Limits& limits);

  Holdings holdings;
  net::Admission admission;
  origin::IdleRooms idle_rooms;
  TrimPace trim_pace;
  net::tls::TicketKeys ticket_keys;
  Origins origins;
  metrics::Registry registry;
  Metering metering;
  route::NodeKey own_key;

 private:
  std::optional<Limits> limits_;
};

}  // namespace gateway::server
