#include "gateway/edge/handshake.h"

#include <cassert>
#include <utility>

#include "gateway/edge/built_in.h"
#include "gateway/edge/client_source.h"
#include "gateway/edge/hsts.h"
#include "gateway/edge/judgement.h"
#include "gateway/edge/plain_judgement.h"
#include "gateway/edge/request_body.h"
#include "gateway/edge/responses.h"
#include "gateway/origin/echo.h"

namespace gateway::edge {

using outcome::By;
using outcome::Cause;
using session::WsQuestion;

namespace {

Refusal refused_by(outcome::Failure failure) {
  return {.status = failure.status,
          .cause = failure.cause,
          .why = std::move(failure.why),
          .by = outcome::by_of(failure.blame),
          .detail = std::move(failure.detail)};
}

}  // namespace

Handshake::Handshake(const WorkerContext& context, Request& request, Answerer& answerer,
                     Outcome& outcome)
    : context_(context), request_(request), answerer_(answerer), outcome_(outcome) {}

void Handshake::advance(Stage to) {
  assert(to == Stage::over ? stage_ != Stage::over : stage_ == Stage::judging);
  stage_ = to;
}

void Handshake::start() {
  find_client(request_);
  if (auto refusal = find_domain(request_)) {
    refuse(*std::move(refusal));
    return;
  }
  if (request_.route == nullptr) {
    answer_asterisk();
    return;
  }
  if (!asks_for_session(request_)) {
    answer_plain();
    return;
  }
  if (auto refusal = judge_upgrade(context_.draining, request_)) {
    refuse(*std::move(refusal));
    return;
  }
  advance(Stage::asking);
  if (const route::Pool* pool = request_.route->pool()) {
    ask(*pool);
  } else {
    open_echo();
  }
}

void Handshake::answer_plain() {
  if (auto refusal = judge_plain(request_)) {
    refuse(*std::move(refusal));
    return;
  }
  if (auto own = own_answer(request_)) {
    advance(Stage::over);
    answerer_.answer(own->status, with_hsts(request_, std::move(own->fields)), own->body);
    return;
  }
  if (has_built_in_answer(request_)) {
    advance(Stage::over);
    answer_built_in(answerer_, request_);
    return;
  }
  exchange();
}

// The server as a whole is asked for what it can do (RFC 9110 §9.3.7).
void Handshake::answer_asterisk() {
  if (!request_.domain->config->http.enabled) {
    refuse(refused_as_plain());
    return;
  }
  advance(Stage::over);
  answerer_.answer(200, with_hsts(request_, {}), {});
}

void Handshake::exchange() {
  if (auto refusal = judge_body(request_)) {
    refuse(*std::move(refusal));
    return;
  }
  advance(Stage::exchanging);
  outcome_.exchanging(*this);
  exchange_ = std::make_unique<exchange::Exchange>(
      exchange::Exchange::Lent{context_.origins, answerer_, *this},
      exchange::Exchange::Asks{asked_by(request_), *request_.domain, *request_.route,
                               request_.snapshot->via});
  exchange_->start();
}

void Handshake::ask(const route::Pool& pool) {
  question_ =
      std::make_unique<WsQuestion>(WsQuestion::Asks{asked_by(request_), request_.upgrade,
                                                    pool.settings(), request_.snapshot->via},
                                   context_.loop.now(), *this);
  journey_ = std::make_unique<origin::Journey>(
      context_.origins, origin::Journey::Aim{*request_.domain, pool}, *question_);
  journey_->start();
}

void Handshake::open_echo() {
  WsQuestion::Upgraded upgraded;
  upgraded.origin = std::make_unique<origin::Echo>(context_.loop);
  // A browser that offered subprotocols fails without a choice among them.
  if (!request_.upgrade.subprotocols.empty())
    upgraded.answer.subprotocol = request_.upgrade.subprotocols.front();
  on_upgraded(std::move(upgraded));
}

void Handshake::on_upgraded(WsQuestion::Upgraded upgraded) {
  advance(Stage::over);
  if (journey_) outcome_.meet(journey_->trail());
  Answerer::Switched client =
      answerer_.switch_over(upgraded.answer, with_hsts(request_, std::move(upgraded.fields)));
  origin::SessionCount in_use(upgraded.backend);
  journey_.reset();
  auto session = std::make_unique<session::Session>(
      context_.sessions,
      session::Session::Opening{
          .domain = request_.snapshot->router.share(request_.target.authority.host),
          .route = *request_.route,
          .streams = {std::move(client.stream), std::move(upgraded.origin)},
          .permessage_deflate = upgraded.answer.permessage_deflate,
          .identity = outcome_.take_identity(),
          .pass = std::move(client.pass),
          .in_use = std::move(in_use)});
  session::Session& opened = context_.sessions.table.add(std::move(session));
  if (context_.on_opened) context_.on_opened(opened);
  opened.start(proto::bytes_of(client.early), upgraded.rest);
}

void Handshake::on_refused(WsQuestion::Refused refused) {
  advance(Stage::over);
  outcome_.meet(journey_->trail());
  outcome_.refuse({.status = refused.status,
                   .cause = Cause::origin_refused_upgrade,
                   .why = "the origin answered " + std::to_string(refused.status) +
                          (refused.unfinished ? ", its body did not end" : ""),
                   .by = By::origin});
  answerer_.answer(refused.status, with_hsts(request_, std::move(refused.fields)), refused.body);
  journey_.reset();
}

void Handshake::on_upgrade_failed(outcome::Failure failure) {
  // A server that is to blame has it counted already.
  if (outcome::by_of(failure.blame) == By::origin && !journey_->is_at_home())
    outcome_.count_origin_failure(failure.cause);
  outcome_.meet(journey_->trail());
  end(refused_by(std::move(failure)));
}

void Handshake::on_origin_moved(const net::Volume& totals, const route::Backend* server) {
  outcome_.moved_origin(totals, server);
}

void Handshake::on_exchange_refused(outcome::Failure failure) {
  if (outcome::by_of(failure.blame) == By::origin && !exchange_->is_at_home())
    outcome_.count_origin_failure(failure.cause);
  outcome_.meet(exchange_->trail());
  end(refused_by(std::move(failure)));
}

void Handshake::on_exchange_over(exchange::Exchange::End end) {
  advance(Stage::over);
  outcome_.meet(exchange_->trail());
  outcome::ExchangeEnd told;
  if (end.failure) {
    told = {.cause = end.failure->cause,
            .by = outcome::by_of(end.failure->blame),
            .why = std::move(end.failure->why),
            .detail = std::move(end.failure->detail)};
  }
  outcome_.exchanged(std::move(told), end.bytes_behind ? std::optional(By::origin) : std::nullopt);
}

void Handshake::refuse(Refusal refusal) {
  if (stage_ == Stage::exchanging) {
    exchange_->abort({.cause = refusal.cause,
                      .status = refusal.status,
                      .blame = outcome::Blame::us,
                      .why = std::move(refusal.why),
                      .detail = std::move(refusal.detail)});
    return;
  }
  if (journey_) outcome_.meet(journey_->trail());
  end(std::move(refusal));
}

void Handshake::end(Refusal refusal) {
  advance(Stage::over);
  outcome_.refuse(refusal);
  answerer_.answer(refusal.status, with_hsts(request_, refusal_fields(refusal)),
                   refusal_body(refusal));
  journey_.reset();
}

void Handshake::client_left() {
  if (stage_ == Stage::exchanging) {
    exchange_->client_left();
    return;
  }
  advance(Stage::over);
  if (journey_) outcome_.meet(journey_->trail());
  outcome_.refuse({.status = 499,
                   .cause = Cause::client_abort,
                   .why = "the client left before the origin had answered"});
  outcome_.over();
  // What the origin says in this very turn must find nobody.
  journey_.reset();
}

}  // namespace gateway::edge
