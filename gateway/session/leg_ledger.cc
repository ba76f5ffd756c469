#include "gateway/session/leg_ledger.h"

#include <algorithm>
#include <cassert>

#include "gateway/session/tally.h"

namespace gateway::session {

void LegLedger::came(size_t bytes, milliseconds now) {
  const auto silence = std::min<int64_t>((now - received_).count(), UINT32_MAX);
  longest_silence_ms_ = std::max(longest_silence_ms_, static_cast<uint32_t>(silence));
  received_ = now;
  held_ += static_cast<uint32_t>(bytes);
}

void LegLedger::count(size_t bytes, Tally& tally) {
  assert(bytes <= held_);
  held_ -= static_cast<uint32_t>(bytes);
  bytes_in_ += bytes;
  tally.bytes_in(side_, bytes);
}

void LegLedger::leave_out(size_t bytes) {
  assert(bytes <= held_);
  held_ -= static_cast<uint32_t>(bytes);
}

void LegLedger::gave(size_t bytes, uint64_t payload, milliseconds now) {
  assert(payload <= bytes);
  sent_ = now;
  own_tail_ = 0;
  submitted_ += bytes;
  untaken_ += static_cast<uint32_t>(bytes);
  payload_submitted_ += payload;
  payload_untaken_ += static_cast<uint32_t>(payload);
}

void LegLedger::gave_own(size_t bytes, milliseconds now) {
  sent_ = now;
  add_to_tail(bytes);
}

void LegLedger::took(size_t queued, Tally& tally) {
  if (queued < untaken_) {
    tally.bytes_out(side_, untaken_ - queued);
    untaken_ = static_cast<uint32_t>(queued);
  }
  if (queued < payload_untaken_) {
    tally.payload_out(side_, payload_untaken_ - queued);
    payload_untaken_ = static_cast<uint32_t>(queued);
  }
  check();
}

void LegLedger::note_records(const net::Volume& now, Tally& tally) {
  assert(records_ && now.in >= records_->in);
  // The queue may stand longer than before: what was counted stays counted.
  const uint64_t out = std::max(now.out, records_->out);
  tally.records(side_, {.in = now.in - records_->in, .out = out - records_->out});
  *records_ = {.in = now.in, .out = out};
}

uint64_t LegLedger::undelivered(uint64_t held) const {
  if (held <= own_tail_) return 0;
  uint64_t lost = held - own_tail_;
  // In TLS the kernel holds records; as if each byte of them stood for as much.
  if (records_ && records_->out > 0) {
    lost = static_cast<uint64_t>(static_cast<double>(lost) * static_cast<double>(taken()) /
                                 static_cast<double>(records_->out));
  }
  return std::min(lost, taken());
}

// Never too little: with TLS there is a record around it, of at most so much more in any version.
void LegLedger::add_to_tail(size_t bytes) {
  constexpr size_t kRecordOverhead = 29;
  const size_t tail = own_tail_ + bytes + (records_ ? kRecordOverhead : 0);
  own_tail_ = static_cast<uint8_t>(std::min<size_t>(tail, UINT8_MAX));
}

void LegLedger::check() const {
  static_assert(sizeof(LegLedger) <= 72, "a session has two, and sessions are many");
  assert(untaken_ <= submitted_);
  assert(payload_untaken_ <= untaken_);
  assert(payload_taken() <= taken());
}

}  // namespace gateway::session
