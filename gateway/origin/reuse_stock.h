// The connections to one server of a pool that rest between two requests.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "gateway/metrics/counters.h"
#include "gateway/net/loop.h"
#include "gateway/origin/reuse.h"

namespace gateway::origin {

// The last one that came is taken first, so that those which are too many die of age. One entry in
// the wheel serves all of them.
class ReuseStock final : private net::DeadlineWheel::Entry {
 public:
  // How often it looks whether its server still serves.
  static constexpr net::milliseconds kLook{1'000};

  ReuseStock(net::Loop& loop, OriginPaths& paths, const route::Server& server);
  ReuseStock(const ReuseStock&) = delete;
  ReuseStock& operator=(const ReuseStock&) = delete;
  ~ReuseStock();

  // After a reload that has changed nothing for it. The server outlives it, or the next call.
  void move_to(const route::Server& server) { server_ = &server; }

  [[nodiscard]] std::optional<Reuse::Taken> take(const Reuse::Wanted& wanted);
  // Rests for so long at the most; of more than settings.most the oldest is closed. False: there is
  // no room in the process, and it is closed.
  [[nodiscard]] bool put(Reuse::Taken one, net::milliseconds rest, const config::Reuse& settings);

  size_t idle() const { return resting_.size(); }

 private:
  class Resting;

  void on_deadline(net::milliseconds now) override;
  bool serves() const;
  void wake_by(net::milliseconds when);
  void unsolicited(const Resting& resting);
  void drop(size_t place, Closed why);
  void drop_all(Closed why);
  metrics::Count& gauge() const;

  net::Loop& loop_;
  OriginPaths& paths_;
  const route::Server* server_;
  std::optional<net::milliseconds> wakes_at_;
  std::vector<std::unique_ptr<Resting>> resting_;  // the one that came last at the end
};

}  // namespace gateway::origin
