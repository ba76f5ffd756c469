// One try at asking one server: connect, ask, read the answer. Whether there is another one is the
// journey's business.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "gateway/net/loop.h"
#include "gateway/origin/answer_reader.h"
#include "gateway/origin/connector.h"
#include "gateway/origin/question.h"
#include "gateway/origin/trail.h"
#include "proto/http1/body.h"

namespace gateway::origin {

//  connecting ──connected──▶ asked ──taken───────────────────────────▶ told (handler)
//      │                      │ └──any other final head──▶ answering ──▶ told
//      └──failure, deadline───┴──▶ told               its body, its end, time
//
// Begins at once and tells its handler once, from the loop. Destroying it gives up.
class Attempt final : public Connector::Handler,
                      private RequestSink,
                      private AnswerReader::InterimHandler,
                      private net::Stream::Handler,
                      private net::DeadlineWheel::Entry {
 public:
  class Handler {
   public:
    // The port that answered is known: the request that is to be sent.
    virtual std::string on_attempt_connected(uint16_t port) = 0;
    // An answer with that status would yield to another server's. True: one is asked, and the
    // attempt is gone.
    virtual bool on_attempt_yielding(int status) = 0;
    // One of these is the end, and may destroy the attempt.
    virtual void on_attempt_taken(Taken taken) = 0;
    virtual void on_attempt_answered(Answer answer, Verdict verdict) = 0;
    virtual void on_attempt_failed(outcome::Failure failure) = 0;

   protected:
    ~Handler() = default;
  };

  // All of them outlive it.
  struct Lent {
    net::Loop& loop;
    net::dns::Resolver& resolver;
    Question& question;
    Trail& trail;
    Handler& handler;
  };

  Attempt(const Lent& lent, Connector::Plan plan);

  net::Address address() const {
    return address_;
  }  // that was connected to; none: it has not come so far
  std::chrono::milliseconds connect_time() const { return connected_ - began_; }
  // After a failure: why there is no answer.
  Unanswered unanswered() const { return unanswered_; }
  // The server may have an address that this request has not been to.
  bool has_other_address() const { return others_; }
  std::chrono::microseconds lasted() const {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                                 began_at_);
  }

  // The question waits no longer for an answer.
  void give_up(std::string why);

 private:
  enum class Stage : uint8_t { connecting, asked, answering, told };

  void on_connected(std::unique_ptr<net::Stream> stream, net::Address address) override;
  void on_connect_failed(outcome::Failure failure) override;
  void write(net::Bytes octets) override;
  // After a failure nothing waits, and the question may not have heard of it yet.
  bool congested() const override { return stream_ != nullptr && stream_->congested(); }
  size_t queued() const override { return stream_ != nullptr ? stream_->queued() : 0; }
  void on_interim(const proto::http1::ResponseHead& head) override;
  void on_data(net::Bytes data) override;
  void on_end() override;
  void on_drained() override;
  void on_failed(const net::IoError& error) override;
  void on_deadline(std::chrono::milliseconds now) override;

  void advance(Stage next);
  // By when the answer's head is to be whole, and if one has begun, its next byte there.
  void set_deadline();
  void read_head(net::Bytes data);
  void judge(proto::http1::ResponseHead head, net::Bytes rest);
  void take(proto::http1::ResponseHead head, net::Bytes rest);
  void read_body(net::Bytes data);
  void give_answer(bool unfinished);
  bool met_stale_connection() const { return stood_ && !heard_; }
  void lose(Unanswered how, std::string why);
  void lose(Unanswered how, outcome::Cause cause, std::string why);
  std::string address_text() const;
  void fail(outcome::Failure failure);

  Lent lent_;
  const config::Origin& settings_;
  std::chrono::milliseconds began_;
  std::chrono::steady_clock::time_point began_at_ = std::chrono::steady_clock::now();
  std::chrono::milliseconds connected_{0};
  std::unique_ptr<Connector> connector_;  // while connecting
  net::Address address_;                // from then on
  std::unique_ptr<net::Stream> stream_;
  Lineage lineage_;
  AnswerReader reader_;
  Stage stage_ = Stage::connecting;
  Verdict verdict_ = Verdict::answered;
  bool others_ = false;
  bool stood_ = false;  // before it was needed
  bool heard_ = false;
  Unanswered unanswered_ = Unanswered::unconnected;
  std::optional<proto::http1::ResponseHead> head_;  // while its body is read
  std::optional<proto::http1::BodyReader> body_;
};

}  // namespace gateway::origin
