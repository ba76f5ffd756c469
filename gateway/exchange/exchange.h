// One plain request and its answer: what passes between a client's carrier and an origin.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/exchange/client_side.h"
#include "gateway/exchange/http_question.h"
#include "gateway/exchange/origin_pace.h"
#include "gateway/exchange/upload.h"
#include "gateway/net/deadline_wheel.h"
#include "gateway/net/stream.h"
#include "gateway/origin/journey.h"
#include "gateway/outcome/failure.h"
#include "gateway/route/domain.h"

namespace gateway::exchange {

//  ready ──▶ asking ──final head──▶ answering ──whole, cut──▶ over
//               └──refused, the client has left──────────────▶ over
// Streams both ways and keeps nothing: the body of the request goes on as it comes, once a
// connection to the origin stands, and so does the answer. A sink that is congested stops its
// source alone.
//
// It is over once: refused, when nothing of the answer has gone to the client, or finished, or cut.
// Until then the carrier tells it what comes from the client, from the loop and never from inside a
// call of ClientSide. Whatever ends it closes the origin's connection in the same turn, unless that
// may serve another request.
class Exchange final : private HttpQuestion::Handler,
                       private origin::RequestSink,
                       private net::Stream::Handler,
                       private net::DeadlineWheel::Entry {
 public:
  struct End {
    std::optional<outcome::Failure> failure = std::nullopt;  // nothing: the answer is whole
    bool bytes_behind = false;  // the origin has sent what belongs to no message
  };

  // Lives with it in the handshake. Whoever is told the end makes no more calls, and keeps the
  // exchange until the call that told it has returned.
  class Handler {
   public:
    // All that has moved by now between this node and origins, whenever it has become more; the
    // second: the server that is asked, null where it is none of the pool's.
    virtual void on_origin_moved(const net::Volume& totals, const route::Backend* server) = 0;
    // The end, before a byte of an answer: it is for the handler to answer with that status.
    virtual void on_exchange_refused(outcome::Failure failure) = 0;
    // The end of an exchange whose answer has begun, or whose client has left. Unless that has,
    // finish_answer() or cut_answer() follows from inside the exchange, as the last that it does.
    virtual void on_exchange_over(End end) = 0;

   protected:
    ~Handler() = default;
  };

  // All that is referred to outlives the exchange.
  struct Asks {
    origin::Asked request;
    const route::Domain& domain;
    const route::Route& route;  // which has a pool
    std::string_view via;       // our name in the Via field
  };
  struct Lent {
    const origin::WorkerContext& worker;
    ClientSide& client;
    Handler& handler;
  };

  Exchange(const Lent& lent, const Asks& asks);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange();

  // The handler may be told the end from inside, as from each of the calls below.
  void start();

  // Octets of the request's body, without their framing, and its end; after
  // ClientSide::accept_body(). Neither comes of a request that has none, or one of length 0.
  void on_body(proto::Bytes octets);
  void on_body_end();
  // The client was congested and is no more.
  void on_client_drained();
  // Nobody is there to be answered: told as over, with the cause client_abort.
  void client_left();
  // In place of what would have come: a body that is refused on its way (its framing, or
  // http.max_body), a client that is too slow, a drain's end. Refused with that, or cut.
  void abort(outcome::Failure why);

  // With all that has come to pass by now.
  const origin::Trail& trail();
  // A failure has been counted for a server of the pool. When it is refused.
  bool is_at_home() const { return at_home_; }

 private:
  enum class Stage : uint8_t { ready, asking, answering, over };
  // Up to the final head.
  struct Asking;
  // From there on.
  struct Answering;

  void on_asked(origin::RequestSink& sink) override;
  void on_sink_drained() override { flow(); }
  void on_asked_in_vain() override;
  void on_interim(const proto::http1::ResponseHead& head) override;
  void on_part_of_head() override;
  void on_answer(origin::Taken taken) override;
  void on_unanswered(outcome::Failure failure) override { refuse(std::move(failure)); }

  // The request's body behind the head of its answer.
  void write(proto::Bytes octets) override;
  bool congested() const override;
  size_t queued() const override;

  void on_data(net::Bytes data) override;
  void on_end() override;
  void on_drained() override { flow(); }
  void on_failed(const net::IoError& error) override;
  void on_deadline(std::chrono::milliseconds now) override;

  const config::Http& settings() const { return *route_.http; }
  std::chrono::milliseconds now() const { return lent_.worker.loop.now(); }
  void advance(Stage next);
  void watch();  // the clocks
  void flow();   // of the request: its sink has taken something, or is another
  void begin_answer(const origin::Taken& taken, std::string_view fields, bool whole);
  void give(const proto::http1::BodyDecoder::Decoded& part, size_t read);
  void pass(net::Bytes octets);
  void tell_moved();
  void finish(bool bytes_behind);
  void cut(outcome::Failure why);
  void refuse(outcome::Failure why);

  Lent lent_;
  const proto::http1::RequestHead& request_;
  const route::Route& route_;
  Upload upload_;
  OriginPace pace_;
  Stage stage_ = Stage::ready;
  bool accepted_ = false;     // the client sends its body
  bool body_paused_ = false;  // it is asked not to
  bool at_home_ = false;
  std::optional<std::chrono::milliseconds> wakes_at_;
  net::Volume told_;
  std::unique_ptr<Asking> asking_;
  std::unique_ptr<Answering> answering_;
  origin::Trail trail_;  // once nothing is asked any more
};

}  // namespace gateway::exchange
