#include "gateway/origin/attempt.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "gateway/net/blame.h"
#include "gateway/origin/answer_limits.h"

namespace gateway::origin {

using outcome::Blame;
using outcome::Cause;
using outcome::Failure;
using outcome::Retry;
using std::chrono::milliseconds;

Attempt::Attempt(const Lent& lent, Connector::Plan plan)
    : lent_(lent),
      settings_(plan.pool.settings()),
      began_(lent.loop.now()),
      reader_(answer_limits(settings_), this) {
  lent_.loop.wheel().set(*this, lent_.question.patience().until);
  connector_ =
      std::make_unique<Connector>(lent_.loop, lent_.resolver, std::move(plan), lent_.trail, *this);
}

void Attempt::advance(Stage next) {
  assert(next > stage_);
  stage_ = next;
}

void Attempt::on_connect_failed(Failure failure) {
  if (!lent_.question.may_be_repeated(Unanswered::unconnected)) failure.retry = Retry::no;
  fail(std::move(failure));
}

void Attempt::on_connected(std::unique_ptr<net::Stream> stream, net::Address address) {
  advance(Stage::asked);
  address_ = address;
  lent_.trail.was_asked = true;
  connected_ = lent_.loop.now();
  stood_ = connector_->warm() || connector_->kept();
  lent_.trail.reused = connector_->kept();
  others_ = connector_->has_others();
  const uint16_t port = connector_->target().port;
  lineage_ = connector_->take_lineage();
  connector_.reset();
  stream_ = std::move(stream);
  stream_->start(*this);
  write(proto::bytes_of(lent_.handler.on_attempt_connected(port)));
  set_deadline();
  lent_.question.on_asked(*this);
}

void Attempt::write(net::Bytes octets) {
  lent_.trail.moved.out += octets.size();
  stream_->write(octets);
}

void Attempt::on_drained() {
  if (stage_ == Stage::asked) lent_.question.on_sink_drained();
}

void Attempt::set_deadline() {
  const Patience& patience = lent_.question.patience();
  if (!patience.answer) {
    lent_.loop.wheel().clear(*this);
    return;
  }
  milliseconds due = std::min(patience.until, connected_ + *patience.answer);
  // A head that has begun is to go on: its next byte is a step of its own.
  if (reader_.in_a_head()) due = std::min(due, lent_.loop.now() + settings_.io_timeout);
  lent_.loop.wheel().set(*this, due);
}

void Attempt::on_data(net::Bytes data) {
  heard_ = true;
  lent_.trail.moved.in += data.size();
  if (stage_ == Stage::answering) {
    read_body(data);
  } else {
    read_head(data);
  }
}

void Attempt::on_interim(const proto::http1::ResponseHead& head) {
  lent_.question.on_interim(head);
}

void Attempt::read_head(net::Bytes data) {
  switch (reader_.feed(data)) {
    case AnswerReader::Progress::more:
      set_deadline();
      lent_.question.on_part_of_head();
      return;
    case AnswerReader::Progress::done:
      judge(reader_.take(), data);
      return;
    case AnswerReader::Progress::refused:
      lose(Unanswered::no_answer, why_refused(reader_.parser(), settings_, "the origin's answer"));
      return;
    case AnswerReader::Progress::flooded:
      lose(Unanswered::no_answer, "the origin sends one interim answer after the other");
      return;
  }
}

void Attempt::judge(proto::http1::ResponseHead head, net::Bytes rest) {
  const auto verdict = lent_.question.judge(head);
  if (!verdict) {
    lose(Unanswered::no_answer, verdict.error());
    return;
  }
  if (*verdict == Verdict::yielding && lent_.handler.on_attempt_yielding(head.status)) return;
  if (*verdict == Verdict::taken || *verdict == Verdict::yielding) {
    take(std::move(head), rest);
    return;
  }
  advance(Stage::answering);
  verdict_ = *verdict;
  head_ = std::move(head);
  body_.emplace(*head_, lent_.question.patience().most_body);
  lent_.loop.wheel().set(*this, lent_.loop.now() + lent_.question.patience().body);
  read_body(rest);
}

void Attempt::take(proto::http1::ResponseHead head, net::Bytes rest) {
  advance(Stage::told);
  lent_.loop.wheel().clear(*this);
  lent_.trail.moved.in -= rest.size();
  lent_.handler.on_attempt_taken({.stream = std::move(stream_),
                                  .rest = rest,
                                  .head = std::move(head),
                                  .lineage = std::move(lineage_)});
}

void Attempt::read_body(net::Bytes data) {
  const auto state = body_->feed(data);
  if (state == proto::http1::BodyReader::State::broken) {
    give_answer(true);
  } else if (state == proto::http1::BodyReader::State::complete || body_->full()) {
    give_answer(false);
  }
}

void Attempt::give_answer(bool unfinished) {
  advance(Stage::told);
  stream_.reset();
  lent_.loop.wheel().clear(*this);
  lent_.handler.on_attempt_answered({.head = std::move(*head_),
                                     .body = std::string(body_->body()),
                                     .unfinished = unfinished,
                                     .address = address_},
                                    verdict_);
}

void Attempt::on_end() {
  if (stage_ == Stage::answering) {
    give_answer(body_->end() != proto::http1::BodyReader::State::complete);
    return;
  }
  if (reader_.in_a_head()) {
    lose(Unanswered::cut, "the origin closed the connection in the middle of its answer");
  } else {
    lose(Unanswered::ended, "the origin closed the connection without an answer");
  }
}

void Attempt::on_failed(const net::IoError& error) {
  if (stage_ == Stage::answering) {
    give_answer(true);
    return;
  }
  const Blame blame = net::blame_of(error, Blame::server);
  if (blame != Blame::server && !met_stale_connection()) {
    unanswered_ = Unanswered::lost;
    fail(net::own_failure(error, blame, address_.to_string()));
    return;
  }
  // TLS 1.3 lets the origin judge our certificate after our own side of the handshake is done.
  const Cause cause =
      error.code == 0 ? Cause::origin_tls : lent_.question.cause_of(Unanswered::lost);
  lose(Unanswered::lost, cause, "the connection to the origin was lost: " + error.text);
}

void Attempt::on_deadline(milliseconds now) {
  if (stage_ == Stage::answering) {
    give_answer(true);
    return;
  }
  const Patience& patience = lent_.question.patience();
  Late late = Late::silent;
  if (now >= patience.until) {
    late = Late::whole;
  } else if (patience.answer && now >= connected_ + *patience.answer) {
    late = Late::answer;
  }
  give_up(std::string(lent_.question.why_late(late)));
}

void Attempt::give_up(std::string why) {
  lose(stage_ == Stage::connecting ? Unanswered::unconnected : Unanswered::late,
       Cause::origin_timeout, std::move(why));
}

void Attempt::lose(Unanswered how, std::string why) {
  lose(how, lent_.question.cause_of(how), std::move(why));
}

// Asked, or about to be, and not answered.
void Attempt::lose(Unanswered how, Cause cause, std::string why) {
  unanswered_ = how;
  if ((how == Unanswered::ended || how == Unanswered::lost) && met_stale_connection()) {
    unanswered_ = Unanswered::stale;
    cause = Cause::origin_stale;
    why =
        "the origin closed a kept connection while the request was on its way: it may be asked "
        "again";
  }
  fail({.cause = cause,
        .status = cause == Cause::origin_timeout ? 504 : 502,
        .retry = lent_.question.may_be_repeated(unanswered_) ? Retry::elsewhere : Retry::no,
        .why = std::move(why),
        .detail = address_text()});
}

std::string Attempt::address_text() const {
  return address_.family() == AF_UNSPEC ? std::string() : address_.to_string();
}

void Attempt::fail(Failure failure) {
  advance(Stage::told);
  if (stream_)
    lent_.trail.moved.out -= std::min<uint64_t>(stream_->queued(), lent_.trail.moved.out);
  stream_.reset();
  connector_.reset();
  lent_.loop.wheel().clear(*this);
  lent_.handler.on_attempt_failed(std::move(failure));
}

}  // namespace gateway::origin
