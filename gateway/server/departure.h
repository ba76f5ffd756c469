// The end of the process, seen from the control thread: for a while only /readyz tells of it, then
// every worker drains.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "gateway/config/document.h"
#include "gateway/net/deadline_wheel.h"
#include "gateway/net/loop.h"
#include "gateway/server/worker.h"

namespace gateway::server {

class Departure final : private net::DeadlineWheel::Entry {
 public:
  using Workers = std::vector<std::unique_ptr<Worker>>;

  // Begins at once. `gone` is called once, on the control thread, when no worker has anybody left.
  // All outlive it, and the workers end before it.
  Departure(net::Loop& loop, const Workers& workers, const config::Drain& settings,
            std::function<void()> gone);

  // The second signal: whoever is left is told and cut at once.
  void abort();

 private:
  void on_deadline(std::chrono::milliseconds) override { drain(settings_.timeout); }
  void drain(std::chrono::milliseconds timeout);

  net::Loop& loop_;
  const Workers& workers_;
  config::Drain settings_;
  std::function<void()> gone_;
  bool draining_ = false;
  size_t drained_ = 0;  // workers
};

}  // namespace gateway::server
