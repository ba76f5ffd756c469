#include "gateway/edge/http1_connection.h"

#include <cassert>
#include <utility>

#include "gateway/edge/persistence.h"
#include "gateway/edge/responses.h"
#include "gateway/net/blame.h"

namespace gateway::edge {

using outcome::Blame;
using outcome::Cause;
using proto::http1::Progress;
using std::chrono::milliseconds;

namespace {

constexpr int kNotImplemented = 501;

proto::http1::HeadLimits limits_of(const config::NodeLimits& limits) {
  proto::http1::HeadLimits out;
  out.max_head = limits.max_head;
  out.max_fields = limits.max_headers;
  return out;
}

}  // namespace

Http1Connection::Current::Current(const WorkerContext& context, Request asked)
    : parser(std::make_unique<proto::http1::RequestParser>(
          limits_of(asked.snapshot->document.limits))),
      request(std::move(asked)),
      outcome(context, request) {}

bool Http1Connection::Current::is_attempt() const {
  return request.has_head() && proto::ws::asks_for_upgrade(request.head) && !answer->has_begun();
}

Http1Connection::Http1Connection(const WorkerContext& context, ClientStream::Ready client,
                                 net::Admission::Pass pass, Handler& handler)
    : context_(context),
      facts_(client.facts),
      pass_(std::move(pass)),
      handler_(handler),
      stream_(std::move(client.stream)) {
  begin_request(std::move(client.snapshot), facts_.accepted);
}

Http1Connection::~Http1Connection() { context_.loop.poller().forget(*this); }

void Http1Connection::advance(Stage to) {
  [[maybe_unused]] const auto is_step = [&] {
    switch (stage_) {
      case Stage::idle:
        return to == Stage::reading || to == Stage::lingering || to == Stage::over;
      case Stage::reading:
        return to == Stage::asking || to == Stage::lingering || to == Stage::over;
      case Stage::asking:
        return to == Stage::flushing || to == Stage::lingering || to == Stage::over;
      case Stage::flushing:
        return to == Stage::idle || to == Stage::lingering || to == Stage::over;
      case Stage::lingering:
        return to == Stage::over;
      case Stage::over:
        return false;
    }
    return false;
  };
  assert(is_step());
  metrics::Count& idle = facts_.entrance.counters.idle;
  if (stage_ == Stage::idle) idle.subtract(1);
  if (to == Stage::idle) idle.add(1);
  stage_ = to;
}

void Http1Connection::start() { stream_->start(*this); }

void Http1Connection::refuse_plain(bool head) {
  // Of a request that is not read this is all that its answer depends on.
  if (head) current_->parser->feed(proto::bytes_of("HEAD "));
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
  current_ = std::make_unique<Current>(context_, Request{.client = facts_,
                                                         .snapshot = std::move(snapshot),
                                                         .began = began,
                                                         .number = requests_ + 1});
}

// A request has begun: it is judged by the configuration that is in force now.
void Http1Connection::wake() {
  advance(Stage::reading);
  begin_request(context_.snapshot, context_.loop.now());
}

void Http1Connection::on_data(net::Bytes data) {
  switch (stage_) {
    case Stage::idle:
      // One that is to be read next stands before it.
      if (!early_.empty()) {
        keep_early(data);
        return;
      }
      // Some clients send one behind a body (RFC 9112 §2.2): that is no request yet.
      if (proto::text_of(data) == "\r\n") return;
      context_.idle_clients.remove(*this);
      wake();
      read_head(data);
      return;
    case Stage::reading:
      read_head(data);
      return;
    case Stage::asking:
      take_body(data);
      return;
    case Stage::flushing:
      if (current_->keep) {
        keep_early(data);
      } else {
        discard(data);
      }
      return;
    case Stage::lingering:
      discard(data);
      return;
    case Stage::over:
      return;
  }
}

void Http1Connection::read_head(net::Bytes data) {
  const auto fed = current_->parser->feed(data);
  current_->request.head_size += fed.consumed;
  if (fed.progress == Progress::refused) {
    const auto& rejection = current_->parser->rejection();
    // All else that a head is refused for is malformed.
    const bool method = rejection.status == kNotImplemented;
    refuse({.status = rejection.status,
            .cause = method ? Cause::method_refused : Cause::bad_request,
            .why = rejection.why});
  } else if (fed.progress == Progress::complete) {
    keep_early(data.subspan(fed.consumed));
    ask();
  } else if (ended_) {
    leave();
  }
}

void Http1Connection::ask() {
  ++requests_;
  Current& now = *current_;
  now.request.head = now.parser->take();
  now.to_head = now.parser->is_head();
  now.parser.reset();
  now.body.emplace(now.request.head);
  now.answer.emplace(AnswerWriter::Client{.to_head = now.to_head,
                                          .minor_version = now.request.head.minor_version});
  context_.loop.wheel().clear(*this);
  advance(Stage::asking);
  now.handshake.emplace(context_, now.request, *this, now.outcome);
  now.handshake->start();
}

void Http1Connection::refuse(const Refusal& refusal) {
  current_->outcome.refuse(refusal);
  answer_refusal(*this, refusal);
}

bool Http1Connection::may_keep() const {
  const proto::http1::RequestHead& head = current_->request.head;
  return !context_.draining && asks_to_keep(head) &&
         allows_to_keep(context_.snapshot->document.limits, requests_,
                        context_.loop.now() - facts_.accepted);
}

void Http1Connection::answer(int status, std::string_view fields, std::string_view body) {
  Current& now = *current_;
  const proto::http1::RequestHead& head = now.request.head;
  // A client of HTTP/1.0 needs a length to find the end by.
  now.keep = now.request.has_head() && keeps_behind(status, head) && may_keep() &&
             (head.minor_version == 1 || proto::http1::has_body(status));
  std::string_view connection = "close";
  if (now.keep) connection = head.minor_version == 1 ? "" : "keep-alive";
  const std::string text = http1_response({.status = status,
                                           .fields = fields,
                                           .body = body,
                                           .to_head = now.is_head(),
                                           .connection = connection});
  const size_t shown = now.is_head() ? 0 : body.size();
  now.outcome.answered(status, text.size() - shown, shown);
  write(text);
  if (now.request.has_head() && !now.is_attempt()) {
    settle();
    return;
  }
  advance(Stage::lingering);
  if (!stream_->congested()) now.outcome.over();
  linger();
}

Answerer::Switched Http1Connection::switch_over(const proto::ws::UpgradeAnswer& agreed,
                                                std::string_view fields) {
  const std::string text = http1_switching(current_->request.upgrade.key, agreed, fields);
  current_->outcome.switched(agreed, text.size());
  stream_->write(proto::bytes_of(text));
  stream_->read_at_most(0);
  stream_->resume_reading(net::Pause::early);
  Switched switched{
      .stream = std::move(stream_), .early = std::move(early_), .pass = *std::move(pass_)};
  leave();
  return switched;
}

// The answer is whole. Nothing else is written before the client has taken it.
void Http1Connection::settle() {
  advance(Stage::flushing);
  if (!stream_->congested()) {
    end_request();
    return;
  }
  // Some clients read nothing before they have sent all.
  if (!current_->keep) read_on();
  watch();
}

void Http1Connection::end_request() {
  current_->outcome.over();
  if (current_->keep) {
    rest();
    return;
  }
  advance(Stage::lingering);
  linger();
}

void Http1Connection::rest() {
  advance(Stage::idle);
  context_.loop.retire(std::move(current_));
  if (!early_.empty()) {
    // Not from here: the last request's own call may have led here.
    context_.loop.wheel().clear(*this);
    context_.loop.poller().schedule(*this);
  } else if (ended_) {
    leave();
  } else {
    bound_reading();
    context_.idle_clients.add(*this);
    const auto& limits = context_.snapshot->document.limits;
    context_.loop.wheel().set(*this,
                              context_.loop.now() + limits.keep_alive.value_or(milliseconds(0)));
  }
}

void Http1Connection::on_ready(uint32_t) {
  if (stage_ == Stage::asking) {
    take_early();
    if (stage_ == Stage::asking) flush();
  } else if (stage_ == Stage::idle && !early_.empty()) {
    const std::string next = std::exchange(early_, {});
    wake();
    bound_reading();
    read_head(proto::bytes_of(next));
  }
}

// Whether its end leaves nobody to be answered: there is no byte of another request behind that
// which is being served, or that is not whole itself.
bool Http1Connection::has_left_request() const {
  const Current& now = *current_;
  if (now.is_attempt() || now.body->is_broken()) return true;
  if (now.body->is_held()) return !now.body->is_exceeded_by(early_.size());
  return early_.empty();
}

void Http1Connection::on_end() {
  ended_ = true;
  switch (stage_) {
    case Stage::idle:
      if (early_.empty()) leave();
      return;
    case Stage::reading:
      leave();
      return;
    case Stage::asking:
      if (!has_left_request()) return;
      current_->handshake->client_left();
      leave();
      return;
    case Stage::flushing:
      return;
    case Stage::lingering:
      // It may have shut its side alone, and still read: the deadline ends that.
      if (!stream_->congested()) leave();
      return;
    case Stage::over:
      return;
  }
}

// A body that nobody takes would hide it for as long. What comes before a 101 is the session's.
void Http1Connection::on_leaving() {
  if (stage_ != Stage::asking || current_->is_attempt() || !has_left_request()) return;
  current_->handshake->client_left();
  leave();
}

void Http1Connection::on_drained() {
  if (stage_ == Stage::asking || stage_ == Stage::flushing) {
    tell_moved();
    if (current_->pace) current_->pace->answer_taken();
    watch();
  }
  if (stage_ == Stage::asking) {
    current_->handshake->on_client_drained();
  } else if (stage_ == Stage::flushing) {
    end_request();
  }
}

void Http1Connection::on_failed(const net::IoError& error) {
  if (stage_ == Stage::reading && net::blame_of(error, Blame::client) != Blame::client)
    current_->outcome.refuse(lost_by_own_fault(error.code));
  if (stage_ == Stage::asking) current_->handshake->client_left();
  if (stage_ == Stage::flushing && current_->answer->has_begun()) {
    current_->outcome.exchanged({.cause = Cause::client_abort,
                                 .by = outcome::By::client,
                                 .why = "the client left before it had taken the answer"});
  }
  leave();
}

void Http1Connection::on_deadline(milliseconds now) {
  switch (stage_) {
    case Stage::idle:
      context_.idle_clients.remove(*this);
      part();
      return;
    case Stage::reading:
      refuse(context_.draining
                 ? refused_by_drain()
                 : Refusal{.status = 408,
                           .cause = Cause::request_timeout,
                           .why = "the request head was not complete within header_timeout"});
      return;
    case Stage::asking:
    case Stage::flushing:
      look_at_pace(now);
      return;
    case Stage::lingering:
      linger_on(now);
      return;
    case Stage::over:
      return;
  }
}

}  // namespace gateway::edge
