#include "gateway/server/drain.h"

#include <algorithm>
#include <utility>

namespace gateway::server {

using std::chrono::milliseconds;

namespace {
// Whoever is told late, when a long frame has passed, needs some time to answer.
constexpr milliseconds kLastAnswers{1000};
}  // namespace

Drain::Drain(const Lent& lent, const Plan& plan, Steps steps)
    : lent_(lent),
      steps_(std::move(steps)),
      close_rate_(plan.close_rate),
      // The last ones need time for the closing handshake, too.
      tells_(lent.loop.now() + plan.timeout - std::min(plan.timeout / 2, milliseconds(5000))),
      shuts_(lent.loop.now() + std::min(plan.last_call, plan.timeout)),
      ends_(lent.loop.now() + plan.timeout) {
  const milliseconds now = lent_.loop.now();
  lent_.pacer.drain({.time = tells_ - now,
                     .give_by = ends_ - std::min(plan.timeout / 2, kLastAnswers),
                     .rate = plan.close_rate});
  on_deadline(now);
}

void Drain::on_deadline(milliseconds now) {
  if (now >= shuts_) shut_doors();
  if (now >= ends_) abort();
  let_idle_go(now);
  if (is_shut_ && lent_.table.size() == 0 && lent_.clients.size() == 0) {
    steps_.drained();
    return;
  }
  lent_.loop.wheel().set(*this, now + kStep);
}

// Each step an even share of those that are idle now, as sessions are told: their clients must not
// all come back in the same second. Nobody becomes idle any more, but those that were answering.
// Who is busy is idle for a moment only: his next request is waited for, and its answer closes.
void Drain::let_idle_go(milliseconds now) {
  const size_t idle = lent_.idle.size();
  if (idle == 0 || !is_shut_) return;
  size_t share = idle;
  if (close_rate_) {
    share = static_cast<size_t>(may_go_);
    may_go_ +=
        *close_rate_ * std::chrono::duration<double>(kStep).count() - static_cast<double>(share);
  } else if (now < tells_) {
    const auto steps = static_cast<size_t>((tells_ - now) / kStep) + 1;
    share = (idle + steps - 1) / steps;
  }
  lent_.idle.let_go(share, edge::LetGo::gently);
}

void Drain::shut_doors() {
  if (!std::exchange(is_shut_, true)) steps_.shut_doors();
}

void Drain::abort() {
  shut_doors();
  while (lent_.table.size() > 0) {
    session::Session& session = lent_.table.at(lent_.table.size() - 1);
    // Whoever was not told yet is told now, and the log says why it ended.
    session.close(kDrained.cause, kDrained.code, kDrained.reason);
    session.abort();
  }
  while (lent_.clients.size() > 0) lent_.clients.at(lent_.clients.size() - 1).abort();
}

}  // namespace gateway::server
