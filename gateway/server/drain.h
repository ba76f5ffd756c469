// Ends a worker's sessions one after the other, so that their clients do not all come back in the
// same second.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

#include "gateway/edge/client_connection.h"
#include "gateway/net/deadline_wheel.h"
#include "gateway/session/session.h"

namespace gateway::server {

class Drain final : private net::DeadlineWheel::Entry {
 public:
  struct Plan {
    std::chrono::milliseconds timeout{0};  // whoever is left then is cut
    std::optional<double>
        close_rate;  // sessions a second on this worker; nothing: spread over the timeout
  };

  // `drained` is called once, when neither session nor connection is left.
  Drain(net::Loop& loop, session::Table& table, net::Roster<edge::ClientConnection>& clients,
        const Plan& plan, std::function<void()> drained);

  void abort();

 private:
  // Slower than this nobody gains anything.
  static constexpr double kSlowest = 50;  // sessions a second
  static constexpr std::chrono::milliseconds kStep{50};

  void on_deadline(std::chrono::milliseconds now) override;
  void close_until(size_t target);

  net::Loop& loop_;
  session::Table& table_;
  net::Roster<edge::ClientConnection>& clients_;
  std::function<void()> drained_;
  std::chrono::milliseconds began_;
  std::chrono::milliseconds ends_;
  std::chrono::milliseconds give_by_{0};  // whoever has had no Close by then is cut
  double rate_;                           // sessions a millisecond
  size_t closed_ = 0;
};

}  // namespace gateway::server
