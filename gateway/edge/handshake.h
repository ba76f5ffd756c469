// One request, on whatever carrier it came: judged, then led to a session, exchanged, answered or
// refused.
#pragma once

#include <memory>
#include <utility>

#include "gateway/edge/answerer.h"
#include "gateway/edge/outcome.h"
#include "gateway/edge/refusal.h"
#include "gateway/edge/request.h"
#include "gateway/edge/worker_context.h"
#include "gateway/exchange/exchange.h"
#include "gateway/session/ws_question.h"

namespace gateway::edge {

//  judging ──an upgrade that may be──▶ asking ──101──▶ over: a Session has it
//     │                                   └──answer, failure, drain, the client has left──▶ over
//     ├──a request for an origin──▶ exchanging ──its end, failure, the client has left──▶ over
//     └──refusal, page──▶ over
class Handshake final : public session::WsQuestion::Handler,
                        public exchange::Exchange::Handler,
                        private Outcome::Traveller {
 public:
  // All outlive it; the request has its head. The outcome is told through the answerer, or by
  // client_left().
  Handshake(const WorkerContext& context, Request& request, Answerer& answerer, Outcome& outcome);
  Handshake(const Handshake&) = delete;
  Handshake& operator=(const Handshake&) = delete;
  ~Handshake() = default;

  // Calls the answerer once, now or from the loop.
  void start();

  // While it asks or exchanges. In place of what the origin would have said; where that has begun,
  // the client sees it cut.
  void refuse(Refusal refusal);
  // Nobody can be answered any more: what the origin would have said is not waited for.
  void client_left();

  // While it exchanges: what the client does, as ClientSide says it.
  void on_body(proto::Bytes octets) { exchange_->on_body(octets); }
  void on_body_end() { exchange_->on_body_end(); }
  void on_client_drained() {
    if (stage_ == Stage::exchanging) exchange_->on_client_drained();
  }
  void abort(outcome::Failure failure) { exchange_->abort(std::move(failure)); }

 private:
  enum class Stage : uint8_t { judging, asking, exchanging, over };

  void on_upgraded(session::WsQuestion::Upgraded upgraded) override;
  void on_refused(session::WsQuestion::Refused refused) override;
  void on_upgrade_failed(outcome::Failure failure) override;
  void on_origin_moved(const net::Volume& totals, const route::Backend* server) override;
  void on_exchange_refused(outcome::Failure failure) override;
  void on_exchange_over(exchange::Exchange::End end) override;
  const origin::Trail& trail() override { return exchange_->trail(); }

  void advance(Stage to);
  void answer_plain();
  void answer_asterisk();
  void ask(const route::Pool& pool);
  void exchange();
  void open_echo();
  void end(Refusal refusal);

  const WorkerContext& context_;
  Request& request_;
  Answerer& answerer_;
  Outcome& outcome_;
  Stage stage_ = Stage::judging;
  // While it asks an origin. The question outlives its journey.
  std::unique_ptr<session::WsQuestion> question_;
  std::unique_ptr<origin::Journey> journey_;
  std::unique_ptr<exchange::Exchange> exchange_;  // while it exchanges, and in its last call
};

}  // namespace gateway::edge
