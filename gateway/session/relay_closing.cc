// How the relay closes: who is given which Close, when, and what it may wait for.
#include <cassert>
#include <utility>

#include "gateway/session/relay.h"
#include "proto/base/encoding.h"
#include "proto/ws/frame_writer.h"

namespace gateway::session {

using proto::ws::MaskingKey;
using proto::ws::Offence;

namespace {

// A key of zeros would mask nothing, but §10.3 wants keys that cannot be foreseen.
MaskingKey fresh_key() {
  MaskingKey key{};
  proto::random_bytes(key);
  return key;
}

std::optional<MaskingKey> key_towards(Side side) {
  return side == Side::origin ? std::optional(fresh_key()) : std::nullopt;
}

}  // namespace

void Relay::closed_by(Leg& from, const proto::ws::Close& close) {
  Leg& to = other(from);
  from.advance(Leg::Reading::closed);
  observer_.counters()
      .close_codes[index(from.side())][metrics::close_slot(static_cast<uint16_t>(close.code))]
      .add(1);
  if (to.close_due()) {
    give_due(to);
  } else if (to.stream && to.given == Leg::Given::none) {
    to.advance(Leg::Given::theirs);
  }
  begin_closing({.by = by(from.side()),
                 .stage = Stage::open,
                 .cause = from.side() == Side::client ? Cause::client_close : Cause::origin_close,
                 .code = close.code});
  complete(to);
  complete(from);
}

void Relay::violated_by(Leg& from, const Offence& offence) {
  const bool too_big = offence.exceeded != 0;
  if (too_big) {
    observer_.counters().limited[metrics::kMaxMessageLimit].add(1);
  } else {
    observer_.counters().protocol_errors[index(from.side())].add(1);
  }
  from.advance(Leg::Reading::offended);
  Leg& to = other(from);
  if (to.stream) settle(to);
  // The offender is told what he did, the other that the session is over through no fault of his.
  keep_for_offender(from, offence.violation.code,
                    too_big ? "message larger than " + std::to_string(offence.exceeded) + " bytes"
                            : std::string(offence.violation.why));
  begin_closing({.by = by(from.side()),
                 .stage = Stage::open,
                 .cause = too_big ? Cause::message_too_big : Cause::protocol_error,
                 .code = offence.violation.code});
  const bool innocent_origin = from.side() == Side::client;
  if (to.close_due()) {
    give_due(to);
  } else if (too_big) {
    give_close(to, CloseCode::going_away, "the peer's message was too large");
  } else {
    give_close(to, innocent_origin ? CloseCode::going_away : CloseCode::internal_error,
               "protocol error of the peer");
  }
  // There may be nobody whose last words could come.
  if (from.close_due() && (!to.stream || to.over())) give_due(from);
  // It may have had its Close before.
  complete(from);
}

// The other peer may be about to answer what was valid. Its answer to our Close says that there is
// no more.
void Relay::keep_for_offender(Leg& leg, CloseCode code, std::string reason) {
  if (!leg.stream || leg.given != Leg::Given::none) return;
  leg.advance(Leg::Given::after_words);
  make_rare().waiting = {
      .codes = {code, code}, .reason = std::move(reason), .until = clock_.now() + kLastWords};
}

void Relay::close(const Closing& closing) {
  assert(!closing_);
  const auto wait_for_boundary = [this](Leg& leg, bool may_wait) {
    const Leg& source = other(leg);
    if (may_wait && leg.stream && source.stream && !source.scanner.at_boundary())
      leg.advance(Leg::Given::at_boundary);
  };
  wait_for_boundary(client(), closing.client_may_wait);
  wait_for_boundary(origin(), closing.origin_may_wait);
  make_rare().waiting = {.codes = {closing.to_client, closing.to_origin},
                         .reason = std::string(closing.reason),
                         .until = closing.until};
  begin_closing(
      {.by = By::gateway, .stage = Stage::open, .cause = closing.cause, .code = closing.to_client});
  for (Leg* leg : {&client(), &origin()}) {
    if (!leg->close_due())
      give_close(*leg, leg->side() == Side::client ? closing.to_client : closing.to_origin,
                 closing.reason);
  }
}

void Relay::give_due(Leg& leg) {
  const Rare::Waiting& waiting = *rare_->waiting;
  give_close(leg, waiting.codes[index(leg.side())], waiting.reason);
}

std::optional<milliseconds> Relay::waits_until(const Leg& leg) const {
  if (!leg.close_due() && !leg.close_waits()) return std::nullopt;
  return rare_->waiting->until;
}

void Relay::end_waiting() {
  if (client().close_due()) give_due(client());
  if (origin().close_due()) give_due(origin());
}

// A peer went away without the closing handshake, or after it.
void Relay::lost(Leg& leg) {
  Leg& left = other(leg);
  const bool orderly = leg.close_given() && leg.over();
  const bool client = leg.side() == Side::client;
  const CloseCode code = client ? CloseCode::going_away : CloseCode::internal_error;
  drop(leg, Delivery::unknown);
  if (orderly || !left.stream) return;
  begin_closing({.by = by(leg.side()),
                 .stage = Stage::open,
                 .cause = client ? Cause::client_abort : Cause::origin_abort,
                 .code = code});
  // A peer that has said its Close gets it back (§5.5.1), whatever became of the other.
  if (left.scanner.close() != nullptr) {
    give_close(left, left.close_code(), {});
    return;
  }
  give_close(left, code, client ? "client connection lost" : "origin connection lost");
}

// Where the frame that passes towards it cannot end any more, or not in time, the connection is
// cut: a Close in the middle of it would be payload.
void Relay::give_close(Leg& leg, CloseCode code, std::string_view reason) {
  if (!leg.stream || leg.close_given()) return;
  Leg& source = other(leg);
  if (!source.scanner.at_boundary()) {
    cut(leg);
    return;
  }
  const auto frame = proto::ws::close_frame(code, reason, key_towards(leg.side()));
  leg.ledger.gave_own(frame.size(), clock_.now());
  leg.stream->write(proto::bytes_of(frame));
  const bool had_to_wait = leg.close_waits();
  const bool decided = end_->by == By::gateway;
  leg.advance(decided && leg.stream->congested() ? Leg::Given::unsent : Leg::Given::ours);
  if (had_to_wait && !leg.close_waits()) observer_.on_waited(true);
  // Nothing more is forwarded to it, so its Close is waited for behind whatever it has sent before,
  // and the other peer's is, too; but not past what is still to be relayed.
  resume(source);
  if (!source.stream || source.close_given()) resume(leg);
  // How long the Close may wait in the queue is limited, too.
  if (leg.stream->congested()) observer_.on_congested();
  complete(leg);
}

// The connection is gone. `gone`: the kernel had taken a Close before.
void Relay::end_closes(Leg& leg, bool gone) {
  const bool waited = leg.close_waits();
  if (leg.close_due()) leg.advance(Leg::Given::none);
  if (leg.given == Leg::Given::unsent) leg.advance(Leg::Given::ours);
  if (gone) leg.stage = leg.scanner.close() != nullptr ? Stage::closed : Stage::closing;
  if (waited) observer_.on_waited(gone);
}

// Both Closes of this leg are said. A server closes first (§7.1.1): we do so at the client's leg,
// and wait for it at the origin's, whose ports would be ours to run out of; but not after an
// offence, when nobody would notice its Close (§7.1.7).
void Relay::complete(Leg& leg) {
  if (!leg.stream || !leg.close_given() || !leg.over()) return;
  if (leg.side() == Side::origin && leg.reading == Leg::Reading::closed) return;
  // An offender's further bytes must be read: a reset would take our Close from it.
  if (leg.reading == Leg::Reading::offended || leg.stream->congested()) {
    leg.ledger.gave_fin();
    leg.stream->end();
    return;
  }
  leg.stream->finish();
  if (!leg.stream->congested()) drop(leg, Delivery::orderly);
}

void Relay::begin_closing(const SessionEnd& end) {
  if (!end_) end_ = end;
  if (closing_) return;
  closing_ = true;
  observer_.on_closing();
}

}  // namespace gateway::session
