#include "gateway/exchange/exchange.h"

#include <algorithm>
#include <cassert>

#include "gateway/exchange/answer_fields.h"
#include "gateway/net/blame.h"
#include "gateway/origin/in_use_count.h"
#include "gateway/origin/origin_paths.h"

namespace gateway::exchange {

using outcome::Blame;
using outcome::Cause;
using outcome::Failure;
using proto::http1::BodyDecoder;
using proto::http1::BodyFraming;

namespace {

HttpQuestion::Asks asks_of(const Exchange::Asks& asks) {
  return {.request = asks.request,
          .body = proto::http1::request_body(asks.request.head),
          .origin = asks.route.pool()->settings(),
          .http = *asks.route.http,
          .via = asks.via};
}

bool is_passed_on(int interim) {
  constexpr int kProcessing = 102;
  constexpr int kEarlyHints = 103;
  return interim == kProcessing || interim == kEarlyHints;
}

bool asks_to_close(const proto::http1::Fields& fields) {
  return fields.has_token("Connection", "close");
}

Failure cut_short(std::string why) { return {.cause = Cause::origin_abort, .why = std::move(why)}; }

}  // namespace

struct Exchange::Asking {
  Asking(Exchange& exchange, const Asks& given)
      : asks(given),
        question(asks_of(asks), exchange.now(), exchange.upload_, exchange),
        journey(exchange.lent_.worker, {asks.domain, *asks.route.pool()}, question) {}

  const Asks asks;
  HttpQuestion question;
  origin::Journey journey;
};

struct Exchange::Answering {
  std::unique_ptr<net::Stream> stream;
  BodyFraming framing;
  BodyDecoder decoder{framing};
  origin::AttemptCount in_use;
  bool held = false;                       // it is not read: the client takes nothing
  std::unique_ptr<origin::SidReader> sid;  // null: no id is looked for
  // What decides whether the connection may serve another request.
  origin::Lineage lineage;
  int status;
  int minor_version;
  bool early;
  bool asked_to_close;
  bool personal;
  std::string keep_alive;
};

Exchange::Exchange(const Lent& lent, const Asks& asks)
    : lent_(lent),
      request_(asks.request.head),
      route_(asks.route),
      upload_(proto::http1::request_body(request_), HttpQuestion::is_repeatable(asks_of(asks))),
      pace_(settings(), route_.pool()->settings()),
      asking_(std::make_unique<Asking>(*this, asks)) {}

Exchange::~Exchange() = default;

void Exchange::advance(Stage next) {
  assert(next > stage_);
  stage_ = next;
}

void Exchange::start() {
  advance(Stage::asking);
  pace_.begin(now());
  watch();
  asking_->journey.start();
}

const origin::Trail& Exchange::trail() { return asking_ ? asking_->journey.trail() : trail_; }

void Exchange::watch() {
  const auto due = pace_.due();
  if (!due || (wakes_at_ && *wakes_at_ <= *due)) return;
  wakes_at_ = due;
  lent_.worker.loop.wheel().set(*this, *due);
}

void Exchange::on_deadline(milliseconds now) {
  wakes_at_.reset();
  const auto late = pace_.look(now, upload_.sink() != nullptr ? upload_.sink()->queued() : 0);
  switch (late) {
    case OriginPace::Late::nothing:
      watch();
      return;
    case OriginPace::Late::whole:
      abort({.cause = Cause::max_duration,
             .status = 504,
             .blame = Blame::us,
             .why = pace_.why(late)});
      return;
    case OriginPace::Late::taking:
    case OriginPace::Late::answering:
      break;
  }
  if (stage_ == Stage::asking) {
    asking_->journey.give_up(pace_.why(late));
  } else {
    cut({.cause = Cause::origin_timeout, .status = 504, .why = pace_.why(late)});
  }
}

void Exchange::on_asked(origin::RequestSink& sink) {
  upload_.send_to(sink);
  if (!accepted_ && !upload_.has_come()) {
    accepted_ = true;
    lent_.client.accept_body();
  }
  flow();
}

void Exchange::on_asked_in_vain() {
  tell_moved();
  if (upload_.sink() != nullptr) asking_->question.begin_anew(now());
  upload_.take_back();
  flow();
}

void Exchange::flow() {
  tell_moved();
  const bool flows = upload_.may_take();
  if (accepted_ && !upload_.has_come() && flows == body_paused_) {
    body_paused_ = !flows;
    if (flows) {
      lent_.client.resume_body();
    } else {
      lent_.client.pause_body();
    }
  }
  if (stage_ == Stage::answering) {
    // An answer that has begun is what is waited for, whatever becomes of the request.
    if (!answering_->held) pace_.await_answer(now());
    return;
  }
  if (upload_.is_congested()) {
    pace_.stall(now(), upload_.sink()->queued(), upload_.octets() == 0);
  } else {
    pace_.flow();
  }
  if (flows && upload_.is_sent()) {
    pace_.await_answer(now());
  } else {
    pace_.await_client();
  }
  watch();
}

void Exchange::on_body(proto::Bytes octets) {
  if (stage_ == Stage::over) return;
  upload_.add(octets);
  flow();
}

void Exchange::on_body_end() {
  if (stage_ == Stage::over) return;
  upload_.end();
  flow();
}

void Exchange::on_interim(const proto::http1::ResponseHead& head) {
  on_part_of_head();
  if (!is_passed_on(head.status)) return;
  lent_.client.give_interim(head.status, interim_fields(head));
}

void Exchange::on_part_of_head() {
  tell_moved();
  if (pace_.awaits_answer()) pace_.await_answer(now());
}

void Exchange::on_answer(origin::Taken taken) {
  advance(Stage::answering);
  const origin::Asked& asked = asking_->asks.request;
  const proto::http1::Fields& fields = taken.head.fields;
  const std::string told =
      answer_fields(taken.head, {.http = settings(),
                                 .origin = route_.pool()->settings(),
                                 .client_host = request_.fields.first("Host").value_or(""),
                                 .client_port = asked.server.port(),
                                 .client_tls = asked.client_tls,
                                 .asked = *taken.asked,
                                 .address = taken.lineage.address,
                                 .credentials_are_ours = taken.credentials_are_ours}) +
      taken.sticky.fields;
  const bool early = !upload_.is_sent() || taken.stream->congested();
  answering_ = std::unique_ptr<Answering>(
      new Answering{.stream = std::move(taken.stream),
                    .framing = proto::http1::answer_body(taken.head, request_.method == "HEAD"),
                    .in_use = origin::AttemptCount(taken.backend),
                    .sid = std::move(taken.sticky.reader),
                    .lineage = std::move(taken.lineage),
                    .status = taken.head.status,
                    .minor_version = taken.head.minor_version,
                    .early = early,
                    .asked_to_close = asks_to_close(fields),
                    .personal = origin::is_personal(request_.fields, fields),
                    .keep_alive = fields.joined("Keep-Alive")});
  trail_ = asking_->journey.take_trail();
  trail_.moved.in += taken.rest.size();
  asking_.reset();
  upload_.hand_to(*this);
  upload_.let_go();
  answering_->stream->start(*this);
  if (is_event_stream(fields)) pace_.expect_events();
  pace_.flow();
  pace_.await_answer(now());
  watch();
  std::string joined;
  const auto part = proto::http1::decode_read(answering_->decoder, taken.rest, joined);
  begin_answer(taken, told, part.progress != BodyDecoder::Progress::more);
  give(part, taken.rest.size());
}

// `whole`: there is nothing more of it to come.
void Exchange::begin_answer(const origin::Taken& taken, std::string_view fields, bool whole) {
  ClientSide::Body body = client_body(answering_->framing, taken.head);
  body.closes = !upload_.has_come() && (whole || asks_to_close(taken.head.fields));
  lent_.client.begin_answer(taken.head.status, fields, body);
}

void Exchange::on_data(net::Bytes data) {
  trail_.moved.in += data.size();
  pace_.await_answer(now());
  std::string joined;
  give(proto::http1::decode_read(answering_->decoder, data, joined), data.size());
}

// Of a read of so many bytes.
void Exchange::give(const BodyDecoder::Decoded& part, size_t read) {
  tell_moved();
  if (!part.octets.empty()) pass(part.octets);
  switch (part.progress) {
    case BodyDecoder::Progress::complete:
      finish(part.consumed < read);
      return;
    case BodyDecoder::Progress::broken:
      cut(cut_short("the body of the origin's answer is broken: " +
                    std::string(answering_->decoder.why())));
      return;
    case BodyDecoder::Progress::more:
      break;
  }
  if (!lent_.client.congested()) return;
  answering_->held = true;
  answering_->stream->pause_reading(net::Pause::reader);
  pace_.await_client();
}

void Exchange::pass(net::Bytes octets) {
  if (answering_->sid != nullptr) {
    if (answering_->sid->read(octets, now())) trail_.sticky = outcome::Sticky::learned;
    if (answering_->sid->done()) answering_->sid.reset();
  }
  lent_.client.give_body(octets);
}

void Exchange::on_client_drained() {
  if (stage_ != Stage::answering || !answering_->held) return;
  answering_->held = false;
  pace_.await_answer(now());
  watch();
  answering_->stream->resume_reading(net::Pause::reader);
}

void Exchange::write(proto::Bytes octets) {
  trail_.moved.out += octets.size();
  answering_->stream->write(octets);
}

bool Exchange::congested() const { return answering_->stream->congested(); }

size_t Exchange::queued() const { return answering_->stream->queued(); }

// Of a body without another end the connection's is the end, if it is the origin's word for it.
void Exchange::on_end() {
  if (answering_->decoder.end() == BodyDecoder::Progress::complete &&
      answering_->stream->ended_in_full()) {
    finish(false);
  } else {
    cut(cut_short("the origin closed the connection in the middle of its answer"));
  }
}

void Exchange::on_failed(const net::IoError& error) {
  const Blame blame = net::blame_of(error, Blame::server);
  if (blame == Blame::server) {
    cut(cut_short("the connection to the origin was lost: " + error.text));
  } else {
    cut(net::own_failure(error, blame, answering_->lineage.address.to_string()));
  }
}

void Exchange::abort(Failure why) {
  if (stage_ == Stage::asking) {
    refuse(std::move(why));
  } else if (stage_ == Stage::answering) {
    cut(std::move(why));
  }
}

void Exchange::tell_moved() {
  const bool asking = asking_ != nullptr;
  const net::Volume& moved = asking ? asking_->journey.moved() : trail_.moved;
  const uint64_t queued = upload_.sink() != nullptr ? upload_.sink()->queued() : 0;
  // Records that wait are larger than what they carry.
  const net::Volume now{.in = moved.in,
                        .out = std::max(told_.out, moved.out - std::min(queued, moved.out))};
  if (now.in == told_.in && now.out == told_.out) return;
  told_ = now;
  const route::Backend* server =
      asking ? asking_->journey.asked_server() : answering_->in_use.backend();
  lent_.handler.on_origin_moved(told_, server);
}

void Exchange::finish(bool bytes_behind) {
  tell_moved();
  advance(Stage::over);
  lent_.worker.loop.wheel().clear(*this);
  const bool keep = upload_.has_come();
  const std::unique_ptr<Answering> over = std::move(answering_);
  if (over->held) over->stream->resume_reading(net::Pause::reader);
  lent_.worker.paths.reuse().put(
      std::move(over->stream), std::move(over->lineage),
      {.method = request_.method,
       .request_has_body = proto::http1::request_body(request_).has_body(),
       .request_whole = keep,
       .asked_for_upgrade = request_.fields.count("Upgrade") > 0,
       .status = over->status,
       .minor_version = over->minor_version,
       .answer_whole = over->framing.kind != BodyFraming::Kind::until_close,
       .early = over->early,
       .asked_to_close = over->asked_to_close,
       .bytes_behind = bytes_behind,
       .personal = over->personal,
       .keep_alive = over->keep_alive});
  lent_.handler.on_exchange_over({.bytes_behind = bytes_behind});
  lent_.client.finish_answer(keep);
}

void Exchange::cut(Failure why) {
  tell_moved();
  advance(Stage::over);
  lent_.worker.loop.wheel().clear(*this);
  answering_.reset();
  lent_.handler.on_exchange_over({.failure = std::move(why)});
  lent_.client.cut_answer();
}

void Exchange::refuse(Failure why) {
  tell_moved();
  advance(Stage::over);
  lent_.worker.loop.wheel().clear(*this);
  at_home_ = asking_->journey.is_at_home();
  trail_ = asking_->journey.take_trail();
  asking_.reset();
  lent_.handler.on_exchange_refused(std::move(why));
}

void Exchange::client_left() {
  if (stage_ == Stage::over) return;
  tell_moved();
  lent_.worker.loop.wheel().clear(*this);
  const bool answered = stage_ == Stage::answering;
  if (asking_) trail_ = asking_->journey.take_trail();
  advance(Stage::over);
  asking_.reset();
  answering_.reset();
  lent_.handler.on_exchange_over(
      {.failure = Failure{.cause = Cause::client_abort,
                          .status = 499,
                          .blame = Blame::client,
                          .why = answered ? "the client left before its answer was whole"
                                          : "the client left before the origin had answered"}});
}

}  // namespace gateway::exchange
