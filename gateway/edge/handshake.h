// One request, on whatever carrier it came: judged, then led to a session, answered or refused.
#pragma once

#include <memory>
#include <optional>

#include "gateway/edge/answerer.h"
#include "gateway/edge/outcome.h"
#include "gateway/edge/refusal.h"
#include "gateway/edge/request.h"
#include "gateway/edge/worker_context.h"
#include "gateway/session/ws_question.h"

namespace gateway::edge {

//  judging ──an upgrade that may be──▶ asking ──101──▶ over: a Session has it
//     └──refusal, page──▶ over            └──answer, failure, drain, the client has left──▶ over
// A plain request that is proxied (an exchange) will branch off where judging answers 426.
class Handshake final : public session::WsQuestion::Handler {
 public:
  // All outlive it; the request has its head. The outcome is told through the answerer, or by
  // client_left().
  Handshake(const WorkerContext& context, Request& request, Answerer& answerer, Outcome& outcome);
  Handshake(const Handshake&) = delete;
  Handshake& operator=(const Handshake&) = delete;
  ~Handshake() = default;

  // Calls the answerer once, now or from the loop.
  void start();

  // While it asks. In place of what the origin would have said.
  void refuse(Refusal refusal);
  // Nobody can be answered any more: what the origin would have said is not waited for.
  void client_left();

 private:
  enum class Stage { judging, asking, over };

  void on_upgraded(session::WsQuestion::Upgraded upgraded) override;
  void on_refused(session::WsQuestion::Refused refused) override;
  void on_upgrade_failed(outcome::Failure failure) override;

  void advance(Stage to);
  void answer_plain();
  void ask(const route::Pool& pool);
  void open_echo();
  void end(Refusal refusal);

  const WorkerContext& context_;
  Request& request_;
  Answerer& answerer_;
  Outcome& outcome_;
  Stage stage_ = Stage::judging;
  // While it asks an origin. The question outlives its journey.
  std::optional<session::WsQuestion> question_;
  std::unique_ptr<origin::Journey> journey_;
};

}  // namespace gateway::edge
