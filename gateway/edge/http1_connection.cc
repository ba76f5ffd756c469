#include "gateway/edge/http1_connection.h"

#include <cassert>
#include <utility>

#include "gateway/edge/responses.h"
#include "gateway/net/blame.h"
#include "proto/http1/head_writer.h"

namespace gateway::edge {

using outcome::Blame;
using outcome::Cause;
using proto::http1::Progress;
using std::chrono::milliseconds;

namespace {

constexpr size_t kMaxDiscarded = size_t{256} * 1024;  // what a client may send after its answer
// What it may send before the 101 and is kept; TLS may add the record that it is in.
constexpr size_t kMaxEarly = size_t{16} * 1024;

proto::http1::HeadLimits limits_of(const config::NodeLimits& limits) {
  proto::http1::HeadLimits out;
  out.max_head = limits.max_head;
  out.max_fields = limits.max_headers;
  return out;
}

}  // namespace

Http1Connection::Current::Current(const WorkerContext& context, Request asked)
    : parser(limits_of(asked.snapshot->document.limits)),
      request(std::move(asked)),
      outcome(context, request) {}

Http1Connection::Http1Connection(const WorkerContext& context, ClientStream::Ready client,
                                 net::Admission::Pass pass, Handler& handler)
    : context_(context),
      facts_(client.facts),
      pass_(std::move(pass)),
      handler_(handler),
      stream_(std::move(client.stream)) {
  begin_request(std::move(client.snapshot), facts_.accepted);
}

void Http1Connection::advance(Stage to) {
  [[maybe_unused]] const auto is_step = [&] {
    switch (stage_) {
      case Stage::reading:
        return to != Stage::reading;
      case Stage::asking:
        return to == Stage::lingering || to == Stage::over;
      case Stage::lingering:
        return to == Stage::over;
      case Stage::over:
        return false;
    }
    return false;
  };
  assert(is_step());
  stage_ = to;
}

Http1Connection::~Http1Connection() { context_.loop.poller().forget(*this); }

void Http1Connection::start() { stream_->start(*this); }

void Http1Connection::refuse_plain(bool head) {
  // Of a request that is not read this is all that its answer depends on.
  if (head) current_->parser.feed(proto::bytes_of("HEAD "));
  stream_->start(*this);
  refuse({.status = 400,
          .cause = Cause::bad_request,
          .why = "this port speaks TLS: use wss:// or https://",
          .gate = Gate::tls});
}

void Http1Connection::begin_request(std::shared_ptr<const route::Snapshot> snapshot,
                                    milliseconds began) {
  // Absolute: a byte now and then does not move it (slowloris).
  context_.loop.wheel().set(*this, began + snapshot->document.limits.header_timeout);
  current_.emplace(context_,
                   Request{.client = facts_, .snapshot = std::move(snapshot), .began = began});
}

void Http1Connection::on_data(net::Bytes data) {
  switch (stage_) {
    case Stage::reading:
      read_head(data);
      return;
    case Stage::asking:
      keep_early(data);
      return;
    case Stage::lingering:
      discard(data);
      return;
    case Stage::over:
      return;
  }
}

void Http1Connection::read_head(net::Bytes data) {
  const auto fed = current_->parser.feed(data);
  current_->request.head_size += fed.consumed;
  if (fed.progress == Progress::more) return;
  if (fed.progress == Progress::refused) {
    const auto& rejection = current_->parser.rejection();
    refuse({.status = rejection.status, .cause = Cause::bad_request, .why = rejection.why});
    return;
  }
  current_->request.head = current_->parser.take();
  keep_early(data.subspan(fed.consumed));
  context_.loop.wheel().clear(*this);
  advance(Stage::asking);
  current_->answer.emplace(
      AnswerWriter::Client{.to_head = current_->parser.is_head(),
                           .minor_version = current_->request.head.minor_version});
  current_->handshake.emplace(context_, current_->request, *this, current_->outcome);
  current_->handshake->start();
}

void Http1Connection::keep_early(net::Bytes data) {
  // Grown by doubling it would take twice the cap.
  if (!early_.empty()) early_.reserve(kMaxEarly);
  early_.append(proto::text_of(data));
  if (early_.size() + net::Stream::kSmallRead > kMaxEarly)
    stream_->pause_reading(net::Pause::early);
}

void Http1Connection::discard(net::Bytes data) {
  discarded_ += data.size();
  if (discarded_ > kMaxDiscarded) leave();
}

void Http1Connection::refuse(const Refusal& refusal) {
  current_->outcome.refuse(refusal);
  answer_refusal(*this, refusal);
}

void Http1Connection::answer(int status, std::string_view fields, std::string_view body) {
  advance(Stage::lingering);
  const std::string text = http1_response(
      {.status = status, .fields = fields, .body = body, .to_head = current_->parser.is_head()});
  const size_t shown = current_->parser.is_head() ? 0 : body.size();
  current_->outcome.answered(status, text.size() - shown, shown);
  stream_->resume_reading(net::Pause::early);
  stream_->write(proto::bytes_of(text));
  current_->outcome.moved_client(
      {.in = current_->request.head_size, .out = text.size() - stream_->queued()});
  if (!stream_->congested()) current_->outcome.over();
  linger();
}

Answerer::Switched Http1Connection::switch_over(const proto::ws::UpgradeAnswer& agreed,
                                                std::string_view fields) {
  const std::string text = http1_switching(current_->request.upgrade.key, agreed, fields);
  current_->outcome.switched(agreed, text.size());
  stream_->write(proto::bytes_of(text));
  stream_->read_small(false);
  stream_->resume_reading(net::Pause::early);
  Switched switched{
      .stream = std::move(stream_), .early = std::move(early_), .pass = std::move(pass_)};
  leave();
  return switched;
}

void Http1Connection::accept_body() { stream_->resume_reading(net::Pause::early); }

void Http1Connection::pause_body() { stream_->pause_reading(net::Pause::congestion); }

void Http1Connection::resume_body() { stream_->resume_reading(net::Pause::congestion); }

void Http1Connection::give_interim(int status, std::string_view fields) {
  if (current_->request.head.minor_version == 0) return;
  std::string text;
  proto::http1::append_status_line(text, status);
  text += fields;
  proto::http1::append_end(text);
  stream_->write(proto::bytes_of(text));
}

void Http1Connection::begin_answer(int status, std::string_view fields, const Body& body) {
  current_->answer->begin(status, fields, body, false);
  current_->outcome.answering(status, fields, static_cast<size_t>(current_->answer->size()));
  context_.loop.poller().schedule(*this);
}

void Http1Connection::give_body(net::Bytes octets) {
  current_->answer->give(*stream_, octets);
  if (current_->answer->holds()) context_.loop.poller().schedule(*this);
}

void Http1Connection::on_ready(uint32_t) {
  if (stage_ == Stage::asking) current_->answer->flush(*stream_);
}

void Http1Connection::finish_answer(bool) {
  advance(Stage::lingering);
  current_->answer->finish(*stream_);
  linger();
}

void Http1Connection::cut_answer() { leave(); }

// What the client sends meanwhile is read: a close over unread bytes would be a reset, which may
// overtake the answer.
void Http1Connection::linger() {
  stream_->end();
  context_.loop.wheel().set(*this, context_.loop.now() + kLinger);
}

void Http1Connection::on_end() {
  switch (stage_) {
    case Stage::reading:
      leave();
      return;
    case Stage::asking:
      current_->handshake->client_left();
      leave();
      return;
    case Stage::lingering:
      // It may have shut its side alone, and still read: the deadline ends that.
      if (!stream_->congested()) leave();
      return;
    case Stage::over:
      return;
  }
}

void Http1Connection::on_failed(const net::IoError& error) {
  if (stage_ == Stage::reading && net::blame_of(error, Blame::client) != Blame::client)
    current_->outcome.refuse(lost_by_own_fault(error.code));
  if (stage_ == Stage::asking) current_->handshake->client_left();
  leave();
}

void Http1Connection::on_deadline(milliseconds) {
  if (stage_ == Stage::lingering) {
    leave();
  } else if (context_.draining) {
    refuse(refused_by_drain());
  } else {
    refuse({.status = 408,
            .cause = Cause::request_timeout,
            .why = "the request head was not complete within header_timeout"});
  }
}

void Http1Connection::turn_away() {
  if (stage_ != Stage::reading) return;
  if (current_->parser.started() || stream_->has_unread()) return;
  // A request that is under way all the same must not meet a reset: it is read, if not answered.
  advance(Stage::lingering);
  linger();
}

void Http1Connection::abort() {
  if (stage_ == Stage::reading && current_->parser.started()) refuse(refused_by_drain());
  if (stage_ == Stage::asking) current_->handshake->refuse(refused_by_drain());
  if (stage_ != Stage::over) leave();
}

void Http1Connection::leave() {
  advance(Stage::over);
  current_->outcome.over();
  context_.loop.wheel().clear(*this);
  stream_.reset();
  handler_.on_over();
}

}  // namespace gateway::edge
