#include "gateway/server/drain.h"

#include <algorithm>
#include <utility>

namespace gateway::server {

using std::chrono::milliseconds;

namespace {
// Whoever is told late, when a long frame has passed, needs some time to answer.
constexpr milliseconds kLastAnswers{1000};
}  // namespace

Drain::Drain(net::Loop& loop, session::Table& table, net::OwnedSet<edge::Client>& clients,
             Pacer& pacer, const Plan& plan, Steps steps)
    : loop_(loop),
      table_(table),
      clients_(clients),
      steps_(std::move(steps)),
      shuts_(loop.now() + std::min(plan.last_call, plan.timeout)),
      ends_(loop.now() + plan.timeout) {
  // The last ones need time for the closing handshake, too.
  pacer.drain({.time = plan.timeout - std::min(plan.timeout / 2, milliseconds(5000)),
               .give_by = ends_ - std::min(plan.timeout / 2, kLastAnswers),
               .rate = plan.close_rate});
  on_deadline(loop.now());
}

void Drain::on_deadline(milliseconds now) {
  if (now >= shuts_) shut_doors();
  if (now >= ends_) abort();
  if (is_shut_ && table_.size() == 0 && clients_.size() == 0) {
    steps_.drained();
    return;
  }
  loop_.wheel().set(*this, now + kStep);
}

void Drain::shut_doors() {
  if (!std::exchange(is_shut_, true)) steps_.shut_doors();
}

void Drain::abort() {
  shut_doors();
  while (table_.size() > 0) {
    session::Session& session = table_.at(table_.size() - 1);
    // Whoever was not told yet is told now, and the log says why it ended.
    session.close(kDrained.cause, kDrained.code, kDrained.reason);
    session.abort();
  }
  while (clients_.size() > 0) clients_.at(clients_.size() - 1).abort();
}

}  // namespace gateway::server
