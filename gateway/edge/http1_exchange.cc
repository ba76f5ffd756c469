// The half of the carrier that an exchange stands on: the body of its request, its answer, and how
// long the client may take over both.

#include <algorithm>
#include <cassert>
#include <utility>

#include "gateway/edge/http1_connection.h"
#include "proto/http1/head_writer.h"

namespace gateway::edge {

using outcome::Blame;
using outcome::Cause;
using std::chrono::milliseconds;

namespace {

// Bytes that a client may send behind what is being served; TLS may add the record that it is in.
constexpr size_t kMaxEarly = size_t{16} * 1024;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

outcome::Failure late(Cause cause, Blame blame, std::string_view why) {
  return {.cause = cause, .status = 408, .blame = blame, .why = std::string(why), .detail = {}};
}

}  // namespace

void Http1Connection::accept_body() {
  Current& now = *current_;
  if (!now.body->is_held()) return;
  now.body->accept();
  // Whoever has not waited need not be told to go on (RFC 9110 §10.1.1).
  if (now.body->is_awaited() && early_.empty()) write(kContinue);
  if (!now.paused) pace().body_wanted(context_.loop.now());
  if (!early_.empty()) context_.loop.poller().schedule(*this);
  bound_reading();
  watch();
}

void Http1Connection::pause_body() {
  current_->paused = true;
  stream_->pause_reading(net::Pause::congestion);
  pace().body_unwanted(context_.loop.now());
  watch();
}

void Http1Connection::resume_body() {
  Current& now = *current_;
  now.paused = false;
  stream_->resume_reading(net::Pause::congestion);
  if (!now.body->is_coming()) return;
  pace().body_wanted(context_.loop.now());
  if (!early_.empty()) context_.loop.poller().schedule(*this);
  watch();
}

void Http1Connection::keep_early(net::Bytes data) {
  // Grown by doubling it would take twice the cap.
  if (!early_.empty()) early_.reserve(kMaxEarly);
  early_.append(proto::text_of(data));
  bound_reading();
}

// Of a body that is coming all can be read that belongs to it; of everything else no more than what
// there is room for.
void Http1Connection::bound_reading() {
  const uint64_t room = kMaxEarly - std::min(early_.size(), kMaxEarly);
  uint64_t most = std::min<uint64_t>(room, net::Stream::kSmallRead);
  if (current_ && current_->body && current_->body->is_coming() && early_.empty())
    most = room + current_->body->octets_ahead();
  if (most < net::Stream::kReadStep) {
    stream_->pause_reading(net::Pause::early);
    return;
  }
  stream_->read_at_most(static_cast<size_t>(std::min<uint64_t>(most, net::Loop::kReadSize)));
  stream_->resume_reading(net::Pause::early);
}

// While a request is asked for. What is kept stands before what comes.
void Http1Connection::take_body(net::Bytes data) {
  Current& now = *current_;
  if (!now.body->is_coming() || !early_.empty()) {
    keep_early(data);
    return;
  }
  std::string joined;
  const auto [octets, consumed] = now.body->take(data, now.request.route->http->max_body, joined);
  now.pace->body_came(context_.loop.now(), consumed);
  tell_moved();
  if (now.body->is_broken()) {
    now.pace->body_unwanted(context_.loop.now());
    now.handshake->abort(now.body->failure());
    return;
  }
  // The exchange may end with either call, and the next request begin behind it.
  if (now.body->is_whole()) {
    now.pace->body_unwanted(context_.loop.now());
    watch();
    keep_early(data.subspan(consumed));
  } else {
    bound_reading();
  }
  if (!octets.empty()) now.handshake->on_body(octets);
  if (stage_ == Stage::asking && current_.get() == &now && now.body->is_whole())
    now.handshake->on_body_end();
}

void Http1Connection::take_early() {
  if (early_.empty() || !current_->body->is_coming() || current_->paused) return;
  const std::string kept = std::exchange(early_, {});
  take_body(proto::bytes_of(kept));
  // What has come with the client's end was all.
  if (stage_ == Stage::asking && ended_ && has_left_request()) {
    current_->handshake->client_left();
    leave();
  }
}

void Http1Connection::give_interim(int status, std::string_view fields) {
  if (current_->request.head.minor_version == 0) return;
  std::string text;
  proto::http1::append_status_line(text, status);
  text += fields;
  proto::http1::append_end(text);
  write(text);
}

void Http1Connection::begin_answer(int status, std::string_view fields, const Body& body) {
  current_->answer->begin(status, fields, body, may_keep() && !body.closes);
  context_.loop.poller().schedule(*this);
}

void Http1Connection::give_body(net::Bytes octets) {
  AnswerWriter& answer = *current_->answer;
  if (!answer.would_hold(octets.size())) tell_head();
  answer.give(*stream_, octets);
  if (answer.holds()) {
    context_.loop.poller().schedule(*this);
  } else {
    tell_moved();
    watch();
  }
}

void Http1Connection::finish_answer(bool keep) {
  AnswerWriter& answer = *current_->answer;
  if (!keep || !current_->body->is_whole()) answer.close_behind();
  tell_head();
  if (!answer.finish(*stream_)) {
    cut_answer();
    return;
  }
  current_->keep = answer.keeps();
  tell_moved();
  settle();
}

// A client that finds the end by the connection's must meet a reset; the others see that something
// is missing.
void Http1Connection::cut_answer() {
  flush();
  if (current_->answer->ends_with_connection()) stream_->abandon();
  if (current_->answer->ends_with_connection() || stream_->congested()) {
    leave();
    return;
  }
  current_->outcome.over();
  advance(Stage::lingering);
  linger();
}

void Http1Connection::write(std::string_view text) {
  stream_->write(proto::bytes_of(text));
  current_->written += text.size();
  tell_moved();
}

void Http1Connection::flush() {
  if (!current_->answer->holds()) return;
  tell_head();
  current_->answer->flush(*stream_);
  tell_moved();
  watch();
}

// Before its first byte goes out.
void Http1Connection::tell_head() {
  const auto head = current_->answer->held_head();
  if (head) current_->outcome.answering(head->status, head->fields, current_->written + head->size);
}

void Http1Connection::tell_moved() {
  const Current& now = *current_;
  uint64_t in = now.request.head_size + now.discarded;
  uint64_t out = now.written;
  if (now.body) in += now.body->consumed();
  if (now.answer) out += now.answer->written();
  current_->outcome.moved_client({.in = in, .out = out - std::min<uint64_t>(out, queued())});
}

ClientPace& Http1Connection::pace() {
  static const config::Http kDefault;
  Current& now = *current_;
  if (!now.pace) {
    const bool routed = now.request.route != nullptr;
    now.pace = std::make_unique<ClientPace>(routed ? *now.request.route->http : kDefault);
  }
  return *now.pace;
}

uint64_t Http1Connection::taken() const {
  const uint64_t out = current_->written + (current_->answer ? current_->answer->written() : 0);
  return out - std::min<uint64_t>(out, stream_->unacknowledged());
}

// Whenever something has changed that a clock depends on.
void Http1Connection::watch() {
  if (stream_->congested() && !pace().waits_for_answer())
    pace().answer_waits(context_.loop.now(), taken());
  const auto due = current_->pace ? current_->pace->due() : std::nullopt;
  if (due) {
    context_.loop.wheel().set(*this, *due);
  } else {
    context_.loop.wheel().clear(*this);
  }
}

void Http1Connection::look_at_pace(milliseconds now) {
  switch (pace().look(now, taken())) {
    case ClientPace::Late::nothing:
      tell_moved();
      watch();
      return;
    case ClientPace::Late::body_silent:
      give_up(late(Cause::body_timeout, Blame::client,
                   "no byte of the request body came within http.body_timeout"));
      return;
    case ClientPace::Late::body_slow:
      give_up(late(Cause::body_timeout, Blame::client,
                   "the request body came more slowly than http.body_rate"));
      return;
    case ClientPace::Late::stalled:
      give_up(late(Cause::slow_consumer, Blame::us,
                   "the client took nothing of the answer for http.send_stall_timeout"));
      return;
  }
}

void Http1Connection::give_up(outcome::Failure failure) {
  if (stage_ == Stage::asking) {
    current_->handshake->abort(std::move(failure));
    return;
  }
  if (current_->answer->has_begun()) {
    current_->outcome.exchanged(
        {.cause = failure.cause, .by = outcome::By::gateway, .why = std::move(failure.why)});
  }
  leave();
}

}  // namespace gateway::edge
