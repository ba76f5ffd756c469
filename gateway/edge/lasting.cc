#include "gateway/edge/lasting.h"

#include <cassert>

namespace gateway::edge {

Lasting::~Lasting() {
  while (oldest_ != nullptr) remove(*oldest_);
}

void Lasting::Member::leave() {
  if (all_ != nullptr) all_->remove(*this);
}

void Lasting::add(Member& member) {
  assert(member.all_ == nullptr);
  member.all_ = this;
  member.since_ = wheel_.now();
  member.older_ = youngest_;
  (youngest_ != nullptr ? youngest_->younger_ : oldest_) = &member;
  youngest_ = &member;
  if (armed_) return;
  armed_ = true;
  wheel_.set(*this, member.since_ + kTime);
}

void Lasting::remove(Member& member) {
  (member.older_ != nullptr ? member.older_->younger_ : oldest_) = member.younger_;
  (member.younger_ != nullptr ? member.younger_->older_ : youngest_) = member.older_;
  member.older_ = member.younger_ = nullptr;
  member.all_ = nullptr;
}

// The one it was set for may be long over: then it is set for the one that is the oldest now.
void Lasting::on_deadline(std::chrono::milliseconds now) {
  while (oldest_ != nullptr && oldest_->since_ + kTime <= now) {
    Member& member = *oldest_;
    remove(member);
    member.on_lasted();
  }
  armed_ = oldest_ != nullptr;
  if (armed_) wheel_.set(*this, oldest_->since_ + kTime);
}

}  // namespace gateway::edge
