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
#include "gateway/session/strain.h"
#include "gateway/usage/meter/meter.h"
#include "proto/ws/frame_scanner.h"

namespace gateway::session {

using outcome::By;
using outcome::Cause;
using outcome::SessionEnd;
using outcome::Stage;
using proto::Bytes;
using proto::ws::CloseCode;
using std::chrono::milliseconds;

enum class Side : uint8_t { client, origin };
constexpr size_t index(Side side) { return static_cast<size_t>(side); }

// Where a session's figures go, live: what is scraped and what is billed are counted apart, so that
// each can be checked against the other.
struct Figures {
  metrics::Domain& counters;
  metrics::Traffic& origin;  // of the server that it goes to
  usage::meter::Meter& meter;
};

class Relay {
 public:
  struct Leg;
  class Observer {
   public:
    virtual void
    on_closing() = 0;  // a Close has passed or was given: other deadlines hold from now on
    virtual void on_congested() = 0;  // output is queued: the stall timer begins
    virtual void
    on_pong() = 0;  // our ping was answered: the next one may be due before its deadline
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

  // One of the two connections.
  struct Leg final : net::Stream::Handler {
    Leg(Relay& relay, Side side, std::unique_ptr<net::Stream> stream,
        proto::ws::FrameScanner::Options options);
    void on_data(Bytes data) override;
    void on_end() override;
    void on_drained() override;
    void on_failed(const net::IoError& error) override;

    Relay& relay;
    std::unique_ptr<net::Stream> stream;  // null: gone
    proto::ws::FrameScanner scanner;      // of what this peer sends
    milliseconds received{0};             // when bytes last came
    milliseconds longest_silence{0};      // between two of its bytes
    milliseconds sent{0};                 // when bytes were last written
    uint64_t bytes_in = 0;                // what it sent, the answers to our pings apart
    uint64_t held = 0;               // came, but is not counted yet: it may become such an answer
    uint64_t submitted = 0;          // forwarded to this peer: frames of our own apart
    uint64_t taken = 0;              // of those, by the kernel
    uint64_t payload_submitted = 0;  // the payload in them
    uint64_t payload_taken = 0;      // of that, by the kernel; never too much
    std::unique_ptr<net::Volume> records;  // of TLS, since the 101, as counted; null without
    Side side;
    uint8_t own_tail = 0;  // bytes of our own behind the last forwarded one; 255: or more
    // Bits, so that an idle session stays as small as it is.
    bool close_given : 1 = false;  // a Close was written to it, the other peer's or ours
    bool close_is_ours : 1 = false;
    bool close_due : 1 = false;     // ours waits for its place among the frames of the other peer
    bool close_waited : 1 = false;  // one that we decided could not go at once, and is not gone yet
    bool close_arrived : 1 = false;  // when the connection ended, the kernel had taken a Close
    bool read_ended : 1 = false;     // the peer has shut down its side, and is owed a Close
    bool paused : 1 = false;
    bool offended : 1 = false;  // broke the protocol: nothing that it sends is looked at any more

    void add_own(size_t bytes);
    // Nothing of this peer is waited for any more.
    bool over() const { return scanner.close() != nullptr || offended; }
    // The Close that this peer sent; abnormal: none yet.
    CloseCode close_code() const {
      return scanner.close() != nullptr ? scanner.close()->code : CloseCode::abnormal;
    }
    // What it said there, or what its offence is.
    std::string close_reason() const;
    // How far this connection had come when it ended.
    Stage stage() const {
      if (!close_arrived) return Stage::open;
      return scanner.close() != nullptr ? Stage::closed : Stage::closing;
    }
  };

  // What holds for the frames of both peers.
  struct Rules {
    bool permessage_deflate = false;  // was negotiated
    proto::ws::MessageLimits limits = {};
  };

  Relay(Streams streams, const Rules& rules, const Figures& figures,
        const net::DeadlineWheel& clock, Observer& observer);
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
  // Ends the session by a decision of ours.
  void close(const Closing& closing);

  // When a Close that waits for its place or for room is given up, if this leg's does.
  std::optional<milliseconds> waits_until(const Leg& leg) const;
  // Nothing is waited for any more: gives those that wait for their place, or cuts.
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

  Leg& client() { return client_; }
  Leg& origin() { return origin_; }
  const Leg& client() const { return client_; }
  const Leg& origin() const { return origin_; }
  const std::optional<SessionEnd>& end() const { return end_; }
  const net::Volume& packets() const { return packets_; }
  // Of what the client was sent; known once its leg is gone.
  uint32_t undelivered() const { return undelivered_; }
  const Strain* strain() const { return strain_.get(); }  // null: nothing was out of the ordinary
  // When the origin's first byte came; nothing: none has.
  std::optional<milliseconds> first_from_origin() const {
    return origin_.bytes_in > 0 ? std::optional(first_from_origin_) : std::nullopt;
  }
  bool closing() const { return closing_; }

 private:
  friend struct Leg;
  using Ping = std::array<uint8_t, 8>;

  // A Close of ours that has to wait.
  struct Waiting {
    std::array<CloseCode, 2> codes;  // by side
    std::string reason;
    milliseconds until;
    bool for_last_words;  // of the other peer: its Close, or its end. Else for the end of a frame
  };

  Leg& other(const Leg& leg) { return leg.side == Side::client ? origin_ : client_; }
  metrics::Traffic& traffic(const Leg& leg);
  void receive(Leg& from, Bytes data);
  bool take(Leg& from, Bytes data);
  Bytes finish_frame(Leg& from, Bytes data);
  void pass(Leg& from, Bytes data);
  void forward(Leg& to, Bytes data);
  void count_in(Leg& leg, uint64_t bytes);
  void account(Leg& leg);
  void account_records(Leg& leg);
  void account_undelivered(const Leg& leg);
  void tally(Leg& from, const proto::ws::Counts& before);
  bool answers_ping(Bytes payload) const;
  void take_pong(Leg& from, Bytes frame);
  void closed_by(Leg& from, const proto::ws::Close& close);
  void violated_by(Leg& from, const proto::ws::Offence& offence);
  void lost(Leg& leg);
  void give_close(Leg& leg, CloseCode code, std::string_view reason);
  void give_decided(Leg& leg, const Closing& closing);
  void give_waiting(Leg& leg);
  void note_if_given(Leg& leg);
  void keep_for_offender(Leg& leg, CloseCode code, std::string reason);
  void resume(Leg& leg);
  void complete(Leg& leg);
  void begin_closing(const SessionEnd& end);
  // Whether the kernel goes on to deliver what it holds, behind an orderly end.
  enum class Delivery : uint8_t { orderly, unknown };
  void drop(Leg& leg, Delivery delivery);
  void pause(Leg& leg);
  Strain& strained();

  metrics::Domain& counters_;
  metrics::Traffic& origin_traffic_;
  usage::meter::Meter& meter_;
  const net::DeadlineWheel& clock_;
  Observer& observer_;
  Leg client_;
  Leg origin_;
  net::Volume packets_;  // of the client's connection, when the kernel was last asked
  std::optional<SessionEnd> end_;
  std::unique_ptr<Waiting> waiting_;  // null: there was none
  Ping ping_{};
  uint32_t undelivered_ = 0;
  std::unique_ptr<Strain> strain_;
  milliseconds first_from_origin_{0};
  bool awaiting_pong_ = false;
  bool closing_ = false;
};

}  // namespace gateway::session
