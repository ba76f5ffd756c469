// Every mass close of a worker: a drain, a domain that a reload removes or switches off, a budget
// that is used up. Ends sessions one after the other, so that their clients do not all come back in
// the same second.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <unordered_map>

#include "gateway/metrics/counters.h"
#include "gateway/net/deadline_wheel.h"
#include "gateway/route/snapshot.h"
#include "gateway/server/leaving.h"
#include "gateway/session/session.h"

namespace gateway::server {

// Whether a session has to go is read off the configuration in force and the budgets when its turn
// comes, so nothing is kept of one, and what is decided otherwise meanwhile holds. A decision costs
// two walks through the table, in slices: one that counts whom it means, one that tells them.
class Pacer final : private net::DeadlineWheel::Entry {
 public:
  static constexpr double kLeastRate = 50;     // sessions a second, of a close that has no deadline
  static constexpr double kLeastShare = 0.02;  // of the worker's sessions, likewise
  static constexpr size_t kSlice = 8192;  // sessions that are looked at before others have a turn

  // What is lent outlives it.
  Pacer(net::DeadlineWheel& wheel, session::Table& table, metrics::Worker& figures);

  // The configuration in force. `close_rate`: drain.close_rate, this worker's share of it; nothing:
  // auto. Nobody is looked at for it.
  void use(std::shared_ptr<const route::Snapshot> snapshot, std::optional<double> close_rate);
  // It, or a budget, has changed so that open sessions may have to go.
  void look();
  // Of one that was just opened: it may have been on its way in when others were told.
  void look_at(const session::Session& session);
  struct Window {
    std::chrono::milliseconds time;     // in which all are told
    std::chrono::milliseconds give_by;  // loop time: whoever has had no Close by then is cut
    std::optional<double> rate;         // instead of the time: sessions a second
  };
  // All have to go.
  void drain(const Window& window);

  uint64_t looks() const { return looks_; }  // for tests: how often a session was looked at

 private:
  //  resting ──look(), drain()──▶ counting ──all seen──▶ telling ──all seen──▶ resting
  enum class Stage : uint8_t { resting, counting, telling };

  void on_deadline(std::chrono::milliseconds now) override;
  void begin(Stage stage);
  void count_some();
  void tell_some();
  void end_walk();
  void earn(std::chrono::milliseconds now);
  [[nodiscard]] double rate() const;  // sessions a millisecond
  [[nodiscard]] std::optional<Leaving> judge(const session::Session& session);
  void publish();
  void arm();

  net::DeadlineWheel& wheel_;
  session::Table& table_;
  metrics::Worker& figures_;
  std::shared_ptr<const route::Snapshot> snapshot_;
  std::optional<double> close_rate_;
  // The successors of domains that sessions were seen of. Emptied with each configuration: a domain
  // of a later one may stand where one has been that is gone.
  std::unordered_map<const route::Domain*, const route::Domain*> successors_;

  std::optional<Window> drain_;
  size_t to_drain_ = 0;  // sessions that were open when it began, and those that came later
  Stage stage_ = Stage::resting;
  bool again_ = false;   // somebody came who may stand where this walk has been
  size_t position_ = 0;  // sessions before it have not been seen by this walk
  double earned_ = 0;    // sessions that may be told now
  std::chrono::milliseconds earned_at_{0};
  std::array<size_t, outcome::kCauses> pending_{};
  uint64_t looks_ = 0;
};

}  // namespace gateway::server
