// How one request ended, said in one place: the line of the access log, the counters, the meter and
// its bill.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/edge/refusal.h"
#include "gateway/edge/request.h"
#include "gateway/edge/worker_context.h"
#include "gateway/origin/trail.h"
#include "gateway/outcome/exchange_end.h"
#include "gateway/session/record.h"

namespace gateway::edge {

//  open ──switched(), turned_away(), answered() to an attempt at WebSocket──────▶ told
//    ├─answered() to a plain request────────────────over()──▶ told
//    └─exchanging()─┬─answering()─┬─exchanged()─────over()──▶ told
//                   ├─────────────┘
//                   └─answered()────────────────────over()──▶ told
// Whoever judges a request says how it ends: refuse(), and meet() for its way to an origin. The
// carrier, which alone knows when the end goes out and in how many bytes, has it told.
//
// Counters are added to before the first byte of an answer, so that nobody who has read one finds
// it missing in the figures; the bytes of a plain request while they move. Its line is written with
// over(), when they are all known; that of an upgrade is as soon as it is decided.
class Outcome final : private Lasting::Member {
 public:
  // Both outlive it.
  Outcome(const WorkerContext& context, const Request& request);
  Outcome(const Outcome&) = delete;
  Outcome& operator=(const Outcome&) = delete;
  ~Outcome() = default;

  // The trail is looked at when the end is told: by the first of answered(), switched(), over() and
  // exchanged(), which it outlives.
  void meet(const origin::Trail& trail) { trail_ = &trail; }
  void refuse(Refusal refusal) { refusal_ = std::move(refusal); }
  // The origin's side failed, and no server of the pool is there to count it.
  void count_origin_failure(outcome::Cause cause);

  // Has an exchange, and knows what it has been through so far.
  class Traveller {
   public:
    virtual const origin::Trail& trail() = 0;

   protected:
    ~Traveller() = default;
  };
  // A plain request is going to an origin: an exchange, of which the time counts from here on, and
  // which has a line of its own when it lasts. The handshake says so, once. The traveller is asked
  // until the end is told.
  void exchanging(Traveller& traveller);
  // The head of an exchange's final answer follows; `heads`: with it, and with interim answers, so
  // many bytes come before the body. The carrier, once. Views for the call.
  void answering(int status, std::string_view fields, size_t heads);
  // The exchange is over; what is left of its answer is the client's to take. `desync`: who has
  // sent bytes that belong to no message. The handshake says so, behind moved_origin() with all
  // that moved; and the carrier once more when a client is lost before it has taken the rest.
  void exchanged(outcome::ExchangeEnd end, std::optional<outcome::By> desync = std::nullopt);

  // What has moved since the request began, on the client's connection: heads, bodies and their
  // framing, inside TLS; out: what the kernel has taken. As often as it is known anew, also behind
  // over(), for what a client sends that is not read any more; but not before the request is
  // judged, since bytes are a domain's. Totals never shrink.
  void moved_client(const net::Volume& totals);
  // The same between this node and origins, over all attempts; what is new is that server's
  // (null: of none of the pool).
  void moved_origin(const net::Volume& totals, const route::Backend* server);

  // A whole answer follows that is no origin's exchange: so many bytes before its body, and so many
  // of it.
  void answered(int status, size_t heads, size_t body);
  // A yes to an upgrade, of so many bytes, follows.
  void switched(const proto::ws::UpgradeAnswer& agreed, size_t size);
  // Nothing more goes out: the answer has left, or whoever it was for has. What was neither
  // answered nor refused leaves no line. A second call says nothing.
  void over();
  // At the door, where no request is read: the last words, of `size` bytes, have been said.
  void turned_away(size_t size);

  // Of the session that begins, as its first line names it. After switched(), once.
  session::Identity take_identity() { return std::move(*identity_); }

 private:
  // What the trail has told. It may be gone when the line is written.
  struct Way {
    net::Address address;
    bool tls = false;
    bool was_asked = false;
    bool reused = false;
    outcome::Sticky sticky = outcome::Sticky::none;
    std::chrono::milliseconds connect{0};
    uint32_t retries = 0;
    std::string setbacks;
  };
  // What an exchange has beside other requests.
  struct Exchange {
    std::chrono::milliseconds began;
    std::optional<std::chrono::milliseconds> first_byte = {};  // since then
    std::string content_type = {};                             // of the answer
    std::string content_range = {};
    std::optional<outcome::ExchangeEnd> end = {};  // once it is over
    std::optional<outcome::By> desync = {};
  };

  void on_lasted() override;

  // Not an attempt at WebSocket, as far as is known.
  bool is_plain();
  // More than a connection: a head has come, or there is an answer all the same.
  bool is_request() const { return request_.has_head() || status_ != 0; }
  metrics::Domain& counters() const;
  usage::meter::Meter& meter() const;
  session::Identity identify() const;
  session::HandshakeStory story(int status) const;
  static Way way_of(const origin::Trail& trail);
  void look_at_trail();
  void count_way();
  void count_answer(int status);
  void count_refusal();
  void tell_refusal();
  void tell_plain();
  void count_end(const outcome::ExchangeEnd& end);
  outcome::ExchangeEnd end_of_plain();
  outcome::ExchangeStage stage() const;
  std::chrono::milliseconds lasted() const;
  template <class Write>
  void write_line(Write write);

  const WorkerContext& context_;
  const Request& request_;
  const session::SessionId id_ = session::new_session_id();
  std::optional<Refusal> refusal_;
  const origin::Trail* trail_ = nullptr;  // null: no origin was to be asked
  Traveller* traveller_ = nullptr;        // while there is an exchange
  std::optional<Way> way_;
  std::optional<Exchange> exchange_;
  net::Volume client_;                           // counted so far
  net::Volume origin_;                           // likewise
  const route::Backend* server_ = nullptr;       // whose counters `traffic_` is
  metrics::Traffic* traffic_ = nullptr;          // null: of none of the pool
  int status_ = 0;                               // of the answer; 0: none has gone
  size_t heads_ = 0;                             // of its bytes, those before the body
  std::optional<bool> plain_;                    // once it is asked: no attempt at WebSocket
  std::unique_ptr<session::Identity> identity_;  // of a session
  bool told_ = false;
};

}  // namespace gateway::edge
