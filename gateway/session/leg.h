// One of a session's two connections, and how far its end has come.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "gateway/net/stream.h"
#include "gateway/outcome/end.h"
#include "gateway/session/leg_ledger.h"
#include "gateway/session/side.h"
#include "proto/ws/frame_scanner.h"

namespace gateway::session {

class Relay;

// Owned by its relay, which it tells of everything that its stream says. The stream is destroyed,
// and with it all callbacks end, as soon as nothing is expected of it; all else stays for the
// records of the session's end.
struct Leg : net::Stream::Handler {
  // The peer's direction.
  //   open ──its Close──► closed ──its FIN──► ended
  //     └──its offence──► offended ──its FIN──► ended
  // A FIN of one that has said nothing is a loss: the connection is given up.
  enum class Reading : uint8_t { open, closed, offended, ended };

  // Which Close this peer is given.
  //   none ──the other peer's goes by───────────────────────────► theirs
  //    ├──for a loss, or an offence of the other peer───────────► ours
  //    ├──for its own offence──► after_words ──the other is done─► ours
  //    └──decided─┬─at a boundary──────────────────┬─no queue────► ours
  //               └─inside a frame──► at_boundary ─┴─queued──────► unsent ──it has left──► ours
  // One that is due (after_words, at_boundary) is dropped with the connection when that is cut.
  enum class Given : uint8_t { none, at_boundary, after_words, unsent, ours, theirs };

  void on_data(proto::Bytes data) final;
  void on_end() final;
  void on_drained() final;
  void on_failed(const net::IoError& error) final;

  void advance(Reading next);
  void advance(Given next);

  Side side() const { return ledger.side(); }
  // Its Close or its offence has come: nothing of it is waited for any more.
  bool over() const { return reading != Reading::open; }
  // A Close of ours waits for its place, or for the other peer's last words.
  bool close_due() const { return given == Given::at_boundary || given == Given::after_words; }
  // A Close was written to it, the other peer's or ours.
  bool close_given() const { return close_is_ours() || given == Given::theirs; }
  bool close_is_ours() const { return given == Given::unsent || given == Given::ours; }
  // A Close that we decided could not go at once, and has not gone yet.
  bool close_waits() const { return given == Given::at_boundary || given == Given::unsent; }
  // The code of the Close that this peer sent; abnormal: none yet.
  proto::ws::CloseCode close_code() const;
  // The reason in that Close, or its offence in words.
  std::string close_reason() const;

  std::unique_ptr<net::Stream> stream;     // null: gone
  proto::ws::FrameScanner scanner;         // of what this peer sends
  [[no_unique_address]] LegLedger ledger;  // what follows fits into its padding
  Reading reading = Reading::open;
  Given given = Given::none;
  outcome::Stage stage = outcome::Stage::open;  // how far it had come when the connection ended
  bool paused = false;                          // the other peer does not take what this one sends

 protected:
  Leg(Side side, std::unique_ptr<net::Stream> connection,
      const proto::ws::FrameScanner::Options& options, milliseconds now);
  ~Leg() = default;

 private:
  Relay& relay();
};

// A base of its relay, which it finds without keeping a reference: sessions are many.
template <Side kSide>
struct LegOf : Leg {
  LegOf(std::unique_ptr<net::Stream> connection, const proto::ws::FrameScanner::Options& options,
        milliseconds now)
      : Leg(kSide, std::move(connection), options, now) {}
};

}  // namespace gateway::session
