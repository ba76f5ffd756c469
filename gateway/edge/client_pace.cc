#include "gateway/edge/client_pace.h"

#include <algorithm>
#include <numeric>

namespace gateway::edge {

using std::chrono::milliseconds;

void ClientPace::body_wanted(milliseconds now) {
  if (wanted_since_) return;
  wanted_since_ = now;
  last_byte_ = now;
}

void ClientPace::body_unwanted(milliseconds now) {
  if (!wanted_since_) return;
  enter_part(now);
  before_ = willing(now);
  wanted_since_.reset();
}

void ClientPace::body_came(milliseconds now, size_t bytes) {
  enter_part(now);
  parts_[part_ % kParts] += bytes;
  last_byte_ = now;
}

// The span is looked at whenever one of its parts is over.
void ClientPace::enter_part(milliseconds now) {
  const auto number = static_cast<uint64_t>(willing(now) / kPart);
  for (; part_ < number && !too_slow_; ++part_) {
    const uint64_t sum = std::accumulate(parts_.begin(), parts_.end(), uint64_t{0});
    const auto least =
        settings_.body_rate.value_or(0) * static_cast<uint64_t>(kSpan / milliseconds(1000));
    too_slow_ = part_ + 1 >= kParts && sum < least;
    parts_[(part_ + 1) % kParts] = 0;
  }
}

void ClientPace::answer_waits(milliseconds now, uint64_t taken) {
  if (!stall_) stall_ = Stall{.since = now, .checked = now, .taken = taken};
}

std::optional<milliseconds> ClientPace::due() const {
  std::optional<milliseconds> earliest;
  const auto consider = [&earliest](milliseconds when) {
    earliest = earliest ? std::min(*earliest, when) : when;
  };
  if (wanted_since_) {
    consider(last_byte_ + settings_.body_timeout);
    if (settings_.body_rate)
      consider(*wanted_since_ - before_ + kPart * static_cast<int64_t>(part_ + 1));
  }
  if (stall_ && settings_.send_stall_timeout) consider(stall_->checked + kStallCheck);
  return earliest;
}

ClientPace::Late ClientPace::look(milliseconds now, uint64_t taken) {
  if (wanted_since_) {
    enter_part(now);
    if (now - last_byte_ >= settings_.body_timeout) return Late::body_silent;
    if (too_slow_) return Late::body_slow;
  }
  if (!stall_ || !settings_.send_stall_timeout) return Late::nothing;
  stall_->checked = now;
  if (taken > stall_->taken) {
    stall_->taken = taken;
    stall_->since = now;
  }
  return now - stall_->since >= *settings_.send_stall_timeout ? Late::stalled : Late::nothing;
}

}  // namespace gateway::edge
