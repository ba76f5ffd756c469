// The end of a worker: its sessions go by the pacer, and what is left when the time is over is cut.
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

  Drain(net::Loop& loop, session::Table& table, net::OwnedSet<edge::Client>& clients, Pacer& pacer,
        const Plan& plan, Steps steps);

  void abort();

 private:
  static constexpr std::chrono::milliseconds kStep{50};

  void on_deadline(std::chrono::milliseconds now) override;
  void shut_doors();

  net::Loop& loop_;
  session::Table& table_;
  net::OwnedSet<edge::Client>& clients_;
  Steps steps_;
  std::chrono::milliseconds shuts_;
  std::chrono::milliseconds ends_;
  bool is_shut_ = false;
};

}  // namespace gateway::server
