#include "gateway/server/drain.h"

#include <algorithm>
#include <string_view>

namespace gateway::server {

using std::chrono::milliseconds;

namespace {
constexpr std::string_view kReason = "the gateway is restarting";
// Whoever is told late, when a long frame has passed, needs some time to answer.
constexpr milliseconds kLastAnswers{1000};
}  // namespace

Drain::Drain(net::Loop& loop, session::Table& table, net::Roster<edge::ClientConnection>& clients,
             const Plan& plan, std::function<void()> drained)
    : loop_(loop),
      table_(table),
      clients_(clients),
      drained_(std::move(drained)),
      began_(loop.now()),
      ends_(began_ + plan.timeout) {
  give_by_ = ends_ - std::min(plan.timeout / 2, kLastAnswers);
  // The last ones need time for the closing handshake, too.
  const milliseconds window = plan.timeout - std::min(plan.timeout / 2, milliseconds(5000));
  const double spread = static_cast<double>(table.size()) * 1000 /
                        static_cast<double>(std::max<int64_t>(window.count(), 1));
  rate_ = plan.close_rate.value_or(std::max(spread, kSlowest)) / 1000;
  on_deadline(began_);
}

void Drain::on_deadline(milliseconds now) {
  if (now >= ends_) {
    abort();
  } else {
    close_until(static_cast<size_t>(static_cast<double>((now - began_).count()) * rate_) + 1);
  }
  if (table_.size() == 0 && clients_.size() == 0) {
    drained_();
    return;
  }
  loop_.wheel().set(*this, now + kStep);
}

void Drain::close_until(size_t target) {
  for (size_t i = 0; i < table_.size() && closed_ < target; ++i) {
    session::Session& session = table_.at(i);
    if (session.relay().closing()) continue;
    session.close(log::Cause::drain, proto::ws::CloseCode::service_restart, kReason, give_by_);
    ++closed_;
  }
}

void Drain::abort() {
  while (table_.size() > 0) {
    session::Session& session = table_.at(table_.size() - 1);
    // Whoever was not told yet is told now, and the log says why it ended.
    session.close(log::Cause::drain, proto::ws::CloseCode::service_restart, kReason);
    session.abort();
  }
  while (clients_.size() > 0) clients_.at(clients_.size() - 1).abort();
}

}  // namespace gateway::server
