// The question that a WebSocket client has for an origin: an upgrade, whose answer is a 101
// (RFC 6455 §4). Judges that, and says in words what any other answer or failure comes to.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/origin/journey.h"
#include "proto/ws/handshake.h"

namespace gateway::session {

using std::chrono::milliseconds;

// The question is asked with a key of our own and the subprotocols and extensions that the client
// offered, so that what is agreed holds end to end. A GET without a body may be asked again
// wherever it was not answered.
class WsQuestion final : public origin::Question {
 public:
  struct Upgraded {
    std::unique_ptr<net::Stream> origin;  // to be started at once
    proto::ws::UpgradeAnswer answer;
    std::string fields;  // of the origin's 101, to pass on: end-to-end ones, each with its CR LF
    net::Bytes rest;     // glued to the 101; valid for the call
    route::Backend* backend = nullptr;  // whose session it is; null: no server's of the pool
  };
  struct Refused {
    int status;
    std::string fields;  // to pass on, each with its CR LF
    std::string body;
    bool unfinished = false;  // the body is what had come of it
  };

  // One of the calls comes; each may destroy the question and its journey.
  class Handler {
   public:
    virtual void on_upgraded(Upgraded upgraded) = 0;
    virtual void on_refused(Refused refused) = 0;
    virtual void on_upgrade_failed(outcome::Failure failure) = 0;

   protected:
    ~Handler() = default;
  };

  // What is referred to outlives the question.
  struct Asks {
    origin::Asked request;
    const proto::ws::UpgradeRequest& upgrade;
    const config::Origin& origin;
    std::string_view via;  // our name in the Via field
  };

  // `began`: establish_timeout runs from here.
  WsQuestion(const Asks& asks, milliseconds began, Handler& handler);

  const origin::Asked& asked() const override { return asks_.request; }
  std::string_view method() const override { return "GET"; }
  bool may_be_repeated(origin::Unanswered why) const override {
    return why != origin::Unanswered::no_answer;
  }
  outcome::Cause cause_of(origin::Unanswered why) const override {
    return why == origin::Unanswered::lost ? outcome::Cause::origin_connect
                                           : outcome::Cause::origin_bad_upgrade;
  }
  const origin::Patience& patience() const override { return patience_; }
  std::string_view why_late(origin::Late late) const override;
  std::string request_text(const origin::Asking& asking) override;
  proto::Result<origin::Verdict, std::string> judge(
      const proto::http1::ResponseHead& head) override;
  void on_taken(origin::Taken taken) override;
  void on_answered(origin::Answer answer) override;
  void on_failed(outcome::Failure failure) override;

 private:
  proto::Result<origin::Verdict, std::string> judge_switch(const proto::http1::ResponseHead& head);

  Asks asks_;
  Handler& handler_;
  origin::Patience patience_;
  std::string offers_text_;
  std::vector<proto::ws::Extension> offers_;  // as forwarded
  std::string key_;                           // of the last request
  bool credentials_are_ours_ = false;         // in the last request
  proto::ws::UpgradeAnswer agreed_;
  std::string fields_;
};

}  // namespace gateway::session
