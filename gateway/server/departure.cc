#include "gateway/server/departure.h"

#include <utility>

namespace gateway::server {

using std::chrono::milliseconds;

Departure::Departure(net::Loop& loop, const Workers& workers, const config::Drain& settings,
                     std::function<void()> gone)
    : loop_(loop), workers_(workers), settings_(settings), gone_(std::move(gone)) {
  if (settings_.delay > milliseconds(0)) {
    loop_.wheel().set(*this, loop_.now() + settings_.delay);
  } else {
    drain(settings_.timeout);
  }
}

void Departure::drain(milliseconds timeout) {
  draining_ = true;
  Drain::Plan plan{.timeout = timeout, .close_rate = std::nullopt};
  if (settings_.close_rate)
    plan.close_rate =
        static_cast<double>(*settings_.close_rate) / static_cast<double>(workers_.size());
  for (const auto& worker : workers_) {
    worker->drain(plan, [this] {
      loop_.post([this] {
        if (++drained_ == workers_.size()) gone_();
      });
    });
  }
}

void Departure::abort() {
  loop_.wheel().clear(*this);
  // Whoever came in during the delay is told, too.
  if (!draining_) drain(milliseconds(0));
  for (const auto& worker : workers_) worker->abort();
}

}  // namespace gateway::server
