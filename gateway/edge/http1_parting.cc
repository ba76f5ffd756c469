// How a connection ends: by the node's wish, behind its last answer, and at once.

#include <algorithm>
#include <utility>

#include "gateway/edge/http1_connection.h"

namespace gateway::edge {

using std::chrono::milliseconds;

namespace {

// Of a client that has had its last answer, or a FIN: how long what it sends is read, so that a
// reset for it does not overtake that answer.
constexpr milliseconds kLongLinger{30'000};
constexpr milliseconds kSilence{5'000};  // unless it is silent for so long
constexpr uint64_t kMaxDiscarded = uint64_t{64} * 1024 * 1024;
constexpr uint64_t kMaxDiscardedOfAttempt = uint64_t{256} * 1024;

}  // namespace

// Between requests, without a word: a request that is under way all the same must not meet a reset.
// It is read, if not answered.
void Http1Connection::part() {
  advance(Stage::lingering);
  linger();
}

void Http1Connection::let_go(LetGo how) {
  if (how == LetGo::at_once) {
    leave();
    return;
  }
  context_.idle_clients.remove(*this);
  // A request that has come is answered, and that answer closes.
  if (!stream_->has_unread()) part();
}

void Http1Connection::turn_away() {
  if (stage_ != Stage::reading) return;
  if (requests_ > 0 || current_->parser->started() || stream_->has_unread()) return;
  context_.loop.retire(std::move(current_));
  part();
}

void Http1Connection::abort() {
  if (stage_ == Stage::reading && current_->parser->started()) refuse(refused_by_drain());
  if (stage_ == Stage::asking) current_->handshake->refuse(refused_by_drain());
  if (stage_ != Stage::over) leave();
}

// What the client sends meanwhile is read: a close over unread bytes would be a reset, which may
// overtake the answer. For how long depends on what it may still be sending.
void Http1Connection::linger() {
  stream_->end();
  const milliseconds now = context_.loop.now();
  const bool brief = !current_ || current_->is_attempt() || context_.admission.is_tight();
  due_ = now + (brief ? kLinger : kLongLinger);
  last_heard_ = now;
  if (current_ && !current_->is_attempt()) read_on();
  stream_->resume_reading(net::Pause::early);
  if (ended_ && !stream_->congested()) {
    leave();
    return;
  }
  linger_on(now);
}

void Http1Connection::linger_on(milliseconds now) {
  const milliseconds until = std::min(due_, last_heard_ + kSilence);
  if (now < until) {
    context_.loop.wheel().set(*this, until);
  } else {
    leave();
  }
}

// For nobody: what comes behind an answer that closes.
void Http1Connection::read_on() {
  current_->discarded += std::exchange(early_, {}).size();
  stream_->read_at_most(0);
  stream_->resume_reading(net::Pause::early);
  stream_->resume_reading(net::Pause::congestion);
  tell_moved();
}

void Http1Connection::discard(net::Bytes data) {
  last_heard_ = context_.loop.now();
  if (!current_) return;
  current_->discarded += data.size();
  const bool attempt = current_->is_attempt();
  if (!attempt) tell_moved();
  if (current_->discarded > (attempt ? kMaxDiscardedOfAttempt : kMaxDiscarded)) leave();
}

void Http1Connection::leave() {
  context_.idle_clients.remove(*this);
  advance(Stage::over);
  if (current_) current_->outcome.over();
  context_.loop.wheel().clear(*this);
  context_.loop.poller().forget(*this);
  stream_.reset();
  pass_.reset();
  handler_.on_over();
}

}  // namespace gateway::edge
