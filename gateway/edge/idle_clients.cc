#include "gateway/edge/idle_clients.h"

#include <cassert>
#include <utility>

namespace gateway::edge {

void IdleClients::add(Member& member) {
  assert(!member.is_idle_);
  member.is_idle_ = true;
  member.longer_ = shortest_;
  (shortest_ == nullptr ? longest_ : shortest_->shorter_) = &member;
  shortest_ = &member;
  if (size_++ == 0) wheel_.set(*this, wheel_.now() + kLook);
}

void IdleClients::remove(Member& member) {
  if (!std::exchange(member.is_idle_, false)) return;
  (member.longer_ == nullptr ? longest_ : member.longer_->shorter_) = member.shorter_;
  (member.shorter_ == nullptr ? shortest_ : member.shorter_->longer_) = member.longer_;
  member.longer_ = member.shorter_ = nullptr;
  if (--size_ == 0) wheel_.clear(*this);
}

void IdleClients::let_go(size_t count, LetGo how) {
  for (; count > 0 && longest_ != nullptr; --count) longest_->let_go(how);
}

// Those who come to another worker find no idle ones of ours there.
void IdleClients::on_deadline(std::chrono::milliseconds now) {
  let_go(static_cast<size_t>(admission_.excess()), LetGo::at_once);
  if (size_ > 0) wheel_.set(*this, now + kLook);
}

}  // namespace gateway::edge
