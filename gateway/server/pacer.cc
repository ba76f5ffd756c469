#include "gateway/server/pacer.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace gateway::server {

using outcome::Cause;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kLongestWait{1000};
// Of a close without a deadline: what a busy loop has missed is not caught up with all at once.
constexpr double kMostSaved = 20;  // milliseconds of its rate

size_t slot(Cause cause) { return static_cast<size_t>(cause); }

}  // namespace

Pacer::Pacer(net::DeadlineWheel& wheel, session::Table& table, metrics::Worker& figures)
    : wheel_(wheel), table_(table), figures_(figures) {}

void Pacer::use(std::shared_ptr<const route::Snapshot> snapshot, std::optional<double> close_rate) {
  snapshot_ = std::move(snapshot);
  close_rate_ = close_rate;
  successors_.clear();
}

void Pacer::look() {
  if (table_.size() == 0) return;
  begin(Stage::counting);
  on_deadline(wheel_.now());
}

void Pacer::look_at(const session::Session& session) {
  const auto leaving = judge(session);
  if (!leaving) return;
  ++pending_[slot(leaving->cause)];
  ++to_drain_;
  publish();
  if (stage_ != Stage::resting) {
    again_ = true;
    return;
  }
  // Not from here: whoever opens it has not finished.
  begin(Stage::telling);
  arm();
}

void Pacer::drain(const Window& window) {
  drain_ = window;
  drain_->time = std::max(window.time, milliseconds(1));
  // The first one goes at once.
  earned_ = 1;
  earned_at_ = wheel_.now();
  begin(Stage::counting);
  on_deadline(wheel_.now());
}

void Pacer::begin(Stage stage) {
  if (stage_ == Stage::resting && !drain_) {
    earned_ = 0;
    earned_at_ = wheel_.now();
  }
  stage_ = stage;
  again_ = false;
  position_ = table_.size();
  if (stage == Stage::counting) pending_ = {};
}

void Pacer::on_deadline(milliseconds now) {
  earn(now);
  if (stage_ == Stage::counting) count_some();
  if (stage_ == Stage::telling) tell_some();
  publish();
  arm();
}

// Backwards: a session that ends leaves its place to the last one, which this walk has seen, or
// which came after it had begun.
void Pacer::count_some() {
  position_ = std::min(position_, table_.size());
  for (size_t looks = kSlice; position_ > 0 && looks > 0; --looks) {
    const session::Session& session = table_.at(--position_);
    ++looks_;
    if (session.relay().closing()) continue;
    if (const auto leaving = judge(session)) ++pending_[slot(leaving->cause)];
  }
  if (position_ > 0) return;
  if (drain_) {
    to_drain_ = 0;
    for (const size_t number : pending_) to_drain_ += number;
  }
  stage_ = Stage::telling;
  position_ = table_.size();
}

void Pacer::tell_some() {
  position_ = std::min(position_, table_.size());
  for (size_t looks = kSlice; position_ > 0 && looks > 0 && earned_ >= 1; --looks) {
    session::Session& session = table_.at(--position_);
    ++looks_;
    if (session.relay().closing()) continue;
    const auto leaving = judge(session);
    if (!leaving) continue;
    session.close(leaving->cause, leaving->code, leaving->reason,
                  drain_ ? std::optional(drain_->give_by) : std::nullopt);
    earned_ -= 1;
    size_t& pending = pending_[slot(leaving->cause)];
    if (pending > 0) --pending;
  }
  if (position_ == 0) end_walk();
}

void Pacer::end_walk() {
  if (std::exchange(again_, false)) {
    position_ = table_.size();
    return;
  }
  // Those who were counted and left by themselves.
  pending_ = {};
  stage_ = Stage::resting;
}

void Pacer::earn(milliseconds now) {
  const auto passed = static_cast<double>((now - earned_at_).count());
  earned_at_ = now;
  earned_ += passed * rate();
  if (!drain_) earned_ = std::min(earned_, 1 + kMostSaved * rate());
}

double Pacer::rate() const {
  if (drain_) {
    if (drain_->rate) return *drain_->rate / 1000;
    return static_cast<double>(to_drain_) / static_cast<double>(drain_->time.count());
  }
  const double own = std::max(kLeastRate, kLeastShare * static_cast<double>(table_.size()));
  return (close_rate_ ? std::min(own, *close_rate_) : own) / 1000;
}

std::optional<Leaving> Pacer::judge(const session::Session& session) {
  if (snapshot_) {
    const auto [known, is_new] = successors_.try_emplace(&session.domain(), nullptr);
    if (is_new) known->second = successor(*snapshot_, session.domain());
    if (auto found = leaving(known->second, session.route().prefix)) return found;
  }
  return drain_ ? std::optional(kDrained) : std::nullopt;
}

void Pacer::publish() {
  for (size_t cause = 0; cause < pending_.size(); ++cause)
    figures_.mass_close_pending[cause].set(pending_[cause]);
}

void Pacer::arm() {
  if (stage_ == Stage::resting) {
    wheel_.clear(*this);
    return;
  }
  milliseconds wait = net::DeadlineWheel::kTick;
  if (stage_ == Stage::telling && earned_ < 1) {
    const double missing = (1 - earned_) / std::max(rate(), 1e-9);
    if (missing > static_cast<double>(wait.count()))
      wait = milliseconds(static_cast<int64_t>(
          std::min(std::ceil(missing), static_cast<double>(kLongestWait.count()))));
  }
  wheel_.set(*this, wheel_.now() + wait);
}

}  // namespace gateway::server
