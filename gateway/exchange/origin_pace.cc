#include "gateway/exchange/origin_pace.h"

#include <algorithm>

namespace gateway::exchange {

void OriginPace::stall(milliseconds now, size_t queued, bool head) {
  if (!stall_) stall_ = Stall{.since = now, .checked = now, .queued = queued, .head = head};
}

std::optional<milliseconds> OriginPace::answer_limit() const {
  return events_ ? http_.event_timeout : http_.response_timeout;
}

std::optional<milliseconds> OriginPace::stall_limit() const {
  return stall_->head ? origin_.io_timeout : http_.send_stall_timeout;
}

std::optional<milliseconds> OriginPace::due() const {
  std::optional<milliseconds> first;
  const auto consider = [&first](milliseconds when) {
    first = std::min(first.value_or(when), when);
  };
  if (http_.max_duration) consider(began_ + *http_.max_duration);
  if (quiet_since_ && answer_limit()) consider(*quiet_since_ + *answer_limit());
  if (stall_ && stall_limit()) consider(stall_->checked + kStallCheck);
  return first;
}

OriginPace::Late OriginPace::look(milliseconds now, size_t queued) {
  if (http_.max_duration && now >= began_ + *http_.max_duration) return Late::whole;
  if (quiet_since_ && answer_limit() && now >= *quiet_since_ + *answer_limit())
    return Late::answering;
  if (!stall_ || !stall_limit()) return Late::nothing;
  stall_->checked = now;
  if (queued < stall_->queued) stall_->since = now;
  stall_->queued = queued;
  return now >= stall_->since + *stall_limit() ? Late::taking : Late::nothing;
}

std::string OriginPace::why(Late late) const {
  switch (late) {
    case Late::taking:
      return stall_->head ? "the origin did not take the request's head within origin.io_timeout"
                          : "the origin took nothing of the request within http.send_stall_timeout";
    case Late::answering:
      return events_ ? "the origin sent no event within http.event_timeout"
                     : "the origin sent nothing within http.response_timeout";
    case Late::whole:
      return "the exchange was not over within http.max_duration";
    case Late::nothing:
      break;
  }
  return {};
}

}  // namespace gateway::exchange
