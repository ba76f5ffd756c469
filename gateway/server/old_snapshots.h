// Configurations that are not in force any more, until the last request that came in by them is
// over.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "gateway/net/deadline_wheel.h"
#include "gateway/net/loop.h"
#include "gateway/net/side_thread.h"
#include "gateway/route/snapshot.h"

namespace gateway::server {

// Holds each until nobody else does, and then has it end beside the loops: with thousands of
// domains that takes milliseconds, for which all on the loop of whoever was last would wait. The
// loop's thread.
class OldSnapshots final : private net::DeadlineWheel::Entry {
 public:
  // How often it looks.
  static constexpr std::chrono::milliseconds kLook{500};

  // Both outlive it.
  OldSnapshots(net::Loop& loop, net::SideThread& disposal) : loop_(loop), disposal_(disposal) {}

  void add(std::shared_ptr<const route::Snapshot> snapshot);
  size_t size() const { return held_.size(); }

 private:
  void on_deadline(std::chrono::milliseconds now) override;

  net::Loop& loop_;
  net::SideThread& disposal_;
  std::vector<std::shared_ptr<const route::Snapshot>> held_;
};

}  // namespace gateway::server
