// Two legs, bytes unchanged: what comes from one peer is scanned and goes to the other. Knows
// frames and the closing handshake, nothing of clocks' meaning: when to give up is the session's
// business (timeouts.h).
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/metrics/counters.h"
#include "gateway/net/deadline_wheel.h"
#include "gateway/net/stream.h"
#include "gateway/outcome/end.h"
#include "gateway/session/leg.h"
#include "gateway/session/rare.h"
#include "gateway/session/tally.h"
#include "proto/ws/frame_scanner.h"

namespace gateway::session {

using outcome::By;
using outcome::Cause;
using outcome::SessionEnd;
using outcome::Stage;
using proto::Bytes;
using proto::ws::CloseCode;

class Relay final : private LegOf<Side::client>, private LegOf<Side::origin> {
  using ClientLeg = LegOf<Side::client>;
  using OriginLeg = LegOf<Side::origin>;

 public:
  class Observer {
   public:
    // Of what is rare; the tally has the rest.
    virtual metrics::Domain& counters() = 0;
    // A Close has passed or was given: other deadlines hold from now on.
    virtual void on_closing() = 0;
    // Output is queued: the stall timer begins.
    virtual void on_congested() = 0;
    // Our ping was answered: the next one may be due before its deadline.
    virtual void on_pong() = 0;
    // The connection has failed because the peer took nothing of what was sent for too long. May
    // cut it; if it does not, the leg is lost.
    virtual void on_unacknowledged(Leg& leg) = 0;
    // A Close of ours had to wait: it was given after all, or its connection is gone without it.
    virtual void on_waited(bool given) = 0;
    virtual void on_relay_ended() = 0;  // both legs are gone; once, the last call

   protected:
    ~Observer() = default;
  };

  struct Streams {
    std::unique_ptr<net::Stream> client;
    std::unique_ptr<net::Stream> origin;
  };

  // Rules for the frames of both peers.
  struct Rules {
    bool permessage_deflate = false;  // was negotiated
    proto::ws::MessageLimits limits = {};
  };

  Relay(Streams streams, const Rules& rules, const Tally& tally, const net::DeadlineWheel& clock,
        Observer& observer);
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  // Begins with what had been read beyond the heads: `from_origin` was glued to the 101,
  // `from_client` to the request.
  void start(Bytes from_client, Bytes from_origin);

  struct Closing {
    Cause cause;
    CloseCode to_client;
    CloseCode to_origin;
    std::string_view reason;
    // Where a frame is half relayed towards a peer, its Close may wait for the end of the frame;
    // else that connection is cut, as a Close in the middle would be payload.
    bool client_may_wait = false;
    bool origin_may_wait = false;
    milliseconds until{0};  // whoever has had no Close by then is cut
  };
  // Ends a session that is not closing yet, by a decision of ours.
  void close(const Closing& closing);

  // When a Close that waits for its place or for room is given up, if this leg's does.
  std::optional<milliseconds> waits_until(const Leg& leg) const;
  // Ends all waiting: each Close that is due is given, or its connection cut.
  void end_waiting();

  // Cuts a leg: FIN, or RST where bytes of the queue are lost.
  void cut(Leg& leg);

  // How long an offender's Close waits for what the other peer has to say about what came before
  // the offence.
  static constexpr milliseconds kLastWords{1000};

  // Asks the kernel for the packets of the client's connection; when it is cut, that is done by
  // itself.
  void account_packets();

  // A keepalive ping to the client. False: not now, a frame is half relayed or the client does not
  // read.
  bool ping();
  bool awaiting_pong() const { return awaiting_pong_; }

  Leg& client() { return static_cast<ClientLeg&>(*this); }
  Leg& origin() { return static_cast<OriginLeg&>(*this); }
  const Leg& client() const { return static_cast<const ClientLeg&>(*this); }
  const Leg& origin() const { return static_cast<const OriginLeg&>(*this); }
  const std::optional<SessionEnd>& end() const { return end_; }
  const net::Volume& packets() const { return packets_; }
  // Bytes of those sent to the client; known once its leg is gone.
  uint32_t undelivered() const { return undelivered_; }
  // Null: nothing was out of the ordinary.
  Rare* rare() { return rare_.get(); }
  const Rare* rare() const { return rare_.get(); }
  Rare& make_rare();
  // How long after `opened` the origin's first byte came; nothing: none has.
  std::optional<milliseconds> first_from_origin(milliseconds opened) const;
  bool closing() const { return closing_; }

 private:
  friend struct Leg;
  using Ping = std::array<uint8_t, 8>;

  // Whether the kernel goes on to deliver what it holds, behind an orderly end.
  enum class Delivery : uint8_t { orderly, unknown };

  Leg& other(const Leg& leg) { return leg.side() == Side::client ? origin() : client(); }

  // Calls of a leg's stream.
  void receive(Leg& from, Bytes data);
  void drained(Leg& leg);
  void lost(Leg& leg);

  Bytes finish_frame(Leg& from, Bytes data);
  bool take(Leg& from, Bytes data);
  void act_on(Leg& from, const proto::ws::FrameScanner::Event& event, uint64_t payload);
  void pass(Leg& from, Bytes data, uint64_t payload);
  void take_pong(Leg& from, Bytes frame);
  void pause(Leg& leg);
  void resume(Leg& leg);
  void settle(Leg& leg);
  void settle_records(Leg& leg);
  void settle_undelivered(const Leg& leg);
  void drop(Leg& leg, Delivery delivery);
  void keep(const net::tls::Facts& facts);

  void closed_by(Leg& from, const proto::ws::Close& close);
  void violated_by(Leg& from, const proto::ws::Offence& offence);
  void keep_for_offender(Leg& leg, CloseCode code, std::string reason);
  void give_close(Leg& leg, CloseCode code, std::string_view reason);
  void give_due(Leg& leg);
  void end_closes(Leg& leg, bool gone);
  void complete(Leg& leg);
  void begin_closing(const SessionEnd& end);

  Tally tally_;
  const net::DeadlineWheel& clock_;
  Observer& observer_;
  net::Volume packets_;  // of the client's connection, when the kernel was last asked
  std::optional<SessionEnd> end_;
  Ping ping_{};
  std::unique_ptr<Rare> rare_;
  // On the clock, in its lower bits: a first byte later than seven weeks is not told apart.
  uint32_t first_from_origin_ = 0;
  uint32_t undelivered_ = 0;
  bool awaiting_pong_ = false;
  bool closing_ = false;
};

}  // namespace gateway::session
