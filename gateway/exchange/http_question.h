// The question that a plain request is to an origin: what of it is sent, what its answer means, and
// when it may be asked once more.
#pragma once

#include <string>
#include <string_view>

#include "gateway/config/origin.h"
#include "gateway/exchange/upload.h"
#include "gateway/origin/question.h"

namespace gateway::exchange {

using std::chrono::milliseconds;

// Every final answer is the client's, whatever its status, and streams: only a challenge that we
// have credentials for is answered here. What may have acted is never asked again.
class HttpQuestion final : public origin::Question {
 public:
  class Handler {
   public:
    // See Question for these.
    virtual void on_asked(origin::RequestSink& sink) = 0;
    virtual void on_sink_drained() = 0;
    virtual void on_asked_in_vain() = 0;
    virtual void on_interim(const proto::http1::ResponseHead& head) = 0;
    virtual void on_part_of_head() = 0;
    // One of these is the end, and may destroy the question and its journey.
    virtual void on_answer(origin::Taken taken) = 0;
    virtual void on_unanswered(outcome::Failure failure) = 0;

   protected:
    ~Handler() = default;
  };

  // What is referred to outlives the question.
  struct Asks {
    const origin::Asked& request;
    proto::http1::BodyFraming body;
    const config::Origin& origin;
    const config::Http& http;
    std::string_view via;  // our name in the Via field
  };

  // establish_timeout runs from `began`. The upload says whether the body could be sent again.
  HttpQuestion(const Asks& asks, milliseconds began, const Upload& upload, Handler& handler);

  // It has been asked in vain, and is asked anew: another connection has its whole time.
  void begin_anew(milliseconds now) { patience_.until = now + asks_.origin.establish_timeout; }

  // Whether such a request may ever be sent a second time, so that its body is worth holding.
  static bool is_repeatable(const Asks& asks);

  const origin::Asked& asked() const override { return asks_.request; }
  std::string_view method() const override { return asks_.request.head.method; }
  origin::Kept may_use() const override;
  bool may_be_repeated(origin::Unanswered why) const override;
  bool may_be_asked_anew() const override { return upload_.may_be_repeated(); }
  bool is_held_against_server(origin::Unanswered why) const override;
  outcome::Cause cause_of(origin::Unanswered why) const override;
  const origin::Patience& patience() const override { return patience_; }
  std::string_view why_late(origin::Late late) const override;
  std::string request_text(const origin::Asking& asking) override;
  proto::Result<origin::Verdict, std::string> judge(
      const proto::http1::ResponseHead& head) override;
  void on_asked(origin::RequestSink& sink) override { handler_.on_asked(sink); }
  void on_sink_drained() override { handler_.on_sink_drained(); }
  void on_asked_in_vain() override { handler_.on_asked_in_vain(); }
  void on_interim(const proto::http1::ResponseHead& head) override { handler_.on_interim(head); }
  void on_part_of_head() override { handler_.on_part_of_head(); }
  void on_taken(origin::Taken taken) override { handler_.on_answer(std::move(taken)); }
  void on_answered(origin::Answer answer) override;
  void on_failed(outcome::Failure failure) override { handler_.on_unanswered(std::move(failure)); }

 private:
  Asks asks_;
  const Upload& upload_;
  Handler& handler_;
  origin::Patience patience_;
};

}  // namespace gateway::exchange
