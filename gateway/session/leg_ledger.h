// The books of one leg: how much came from its peer, how much was given to it, and how much of that
// the kernel has taken. What is new goes to the session's tally at once.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "gateway/net/stream.h"
#include "gateway/session/side.h"

namespace gateway::session {

using std::chrono::milliseconds;

class Tally;

// The relay tells it what it does; it asks nobody. A tally is lent for the call, since a session
// has two ledgers and only one tally. Bytes out count when the kernel has taken them. Frames of our
// own are in no figure; in the queue they only delay the count, never raise it.
//
//   came ──count──► bytes_in            gave ──took──► taken
//     └──leave_out──► nothing
class LegLedger {
 public:
  // `now`: nothing has been heard or sent before it.
  LegLedger(Side side, milliseconds now) : received_(now), sent_(now), side_(side) {}

  // Bytes of the peer were read. They are in no figure yet: part of a Pong that is held back may
  // turn out to answer a ping of ours.
  void came(size_t bytes, milliseconds now);
  // Of those: forwarded, or dropped for good.
  void count(size_t bytes, Tally& tally);
  // All that are left of those.
  void count_rest(Tally& tally) { count(held_, tally); }
  // Of those: between the peer and us alone.
  void leave_out(size_t bytes);

  // Bytes of the other peer were written to the stream, with so much payload of data frames.
  void gave(size_t bytes, uint64_t payload, milliseconds now);
  // A frame of our own was written to it.
  void gave_own(size_t bytes, milliseconds now);
  // Our FIN was.
  void gave_fin() { add_to_tail(1); }
  // Bytes that were written before have only now left the queue.
  void note_sent(milliseconds now) { sent_ = now; }

  // The stream's queue holds so many bytes: the kernel has taken the others. Where payload stands
  // in the queue is not known: as if nothing else did.
  void took(size_t queued, Tally& tally);

  // The stream is TLS: from now on its records count, too.
  void begin_records() { records_ = std::make_unique<net::Volume>(); }
  bool has_records() const { return records_ != nullptr; }
  // The stream's own count of them.
  void note_records(const net::Volume& now, Tally& tally);

  // How much of what was given is lost when the connection is, and the kernel still holds `held`
  // bytes of it: frames of our own at its end, and a FIN, are not the peer's.
  uint64_t undelivered(uint64_t held) const;

  Side side() const { return side_; }
  // Nothing has come yet.
  bool silent() const { return bytes_in_ == 0 && held_ == 0; }
  uint64_t bytes_in() const { return bytes_in_; }
  uint64_t submitted() const { return submitted_; }
  uint64_t taken() const { return submitted_ - untaken_; }
  uint64_t payload_taken() const { return payload_submitted_ - payload_untaken_; }
  net::Volume records() const { return records_ ? *records_ : net::Volume{}; }
  milliseconds received() const { return received_; }  // when bytes last came
  milliseconds sent() const { return sent_; }          // when bytes were last written
  milliseconds longest_silence() const { return milliseconds{longest_silence_ms_}; }

 private:
  void add_to_tail(size_t bytes);
  void check() const;

  milliseconds received_;
  milliseconds sent_;
  uint64_t bytes_in_ = 0;                 // the answers to our pings left out
  uint64_t submitted_ = 0;                // to the stream, frames of our own left out
  uint64_t payload_submitted_ = 0;        // in those
  std::unique_ptr<net::Volume> records_;  // since the 101, as counted; null without TLS
  // A source is paused as soon as anything is queued, so these are at most a few reads.
  uint32_t held_ = 0;                // came, and is neither counted nor left out
  uint32_t untaken_ = 0;             // of what was submitted; never too little
  uint32_t payload_untaken_ = 0;     // likewise
  uint32_t longest_silence_ms_ = 0;  // between two reads
  Side side_;
  uint8_t own_tail_ = 0;  // bytes of our own behind the last forwarded one; 255: or more
};

}  // namespace gateway::session
