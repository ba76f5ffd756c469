// The end of a worker: its sessions go by the pacer, connections that are idle between requests at
// a pace of their own, and what is left when the time is over is cut.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "gateway/edge/client.h"
#include "gateway/net/deadline_wheel.h"
#include "gateway/server/pacer.h"
#include "gateway/session/session.h"

namespace gateway::server {

class Drain final : private net::DeadlineWheel::Entry {
 public:
  struct Plan {
    std::chrono::milliseconds timeout{0};  // whoever is left then is cut
    std::optional<double>
        close_rate;  // sessions a second on this worker; nothing: spread over the timeout
    // Who is on his way may still come in for so long: a connection half made, a request that was
    // sent and has not arrived.
    std::chrono::milliseconds last_call{250};
  };
  struct Steps {
    std::function<void()> shut_doors;  // once, when the last call is over: nobody comes in any more
    std::function<void()> drained;     // once, when neither session nor connection is left
  };

  // All of them outlive it.
  struct Lent {
    net::Loop& loop;
    session::Table& table;
    net::OwnedSet<edge::Client>& clients;
    edge::IdleClients& idle;  // of the clients
    Pacer& pacer;
  };

  Drain(const Lent& lent, const Plan& plan, Steps steps);

  void abort();

 private:
  static constexpr std::chrono::milliseconds kStep{50};

  void on_deadline(std::chrono::milliseconds now) override;
  void let_idle_go(std::chrono::milliseconds now);
  void shut_doors();

  Lent lent_;
  Steps steps_;
  std::optional<double> close_rate_;
  double may_go_ = 1;                // idle ones, by that rate: the first one goes at once
  std::chrono::milliseconds tells_;  // by then all have been told
  std::chrono::milliseconds shuts_;
  std::chrono::milliseconds ends_;
  bool is_shut_ = false;
};

}  // namespace gateway::server
