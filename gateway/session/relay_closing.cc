// How the relay closes: who is given which Close, when, and what it may wait for.
#include <utility>

#include "gateway/session/relay.h"
#include "proto/base/encoding.h"
#include "proto/ws/frame_writer.h"

namespace gateway::session {

using proto::ws::MaskingKey;
using proto::ws::Offence;
using proto::ws::Opcode;

namespace {

By by(Side side) { return side == Side::client ? By::client : By::origin; }

// A key of zeros would mask nothing, but §10.3 wants keys that cannot be foreseen.
MaskingKey fresh_key() {
  MaskingKey key{};
  proto::random_bytes(key);
  return key;
}

std::optional<MaskingKey> key_towards(Side side) {
  return side == Side::origin ? std::optional(fresh_key()) : std::nullopt;
}

// For the operator, who knows neither which limit it was nor whose message.
std::string offence_text(Side side, const Offence& offence) {
  const std::string peer = side == Side::client ? "the client" : "the origin";
  if (offence.exceeded == 0)
    return "protocol error of " + peer + ": " + std::string(offence.violation.why);
  return std::string(offence.exceeding == Opcode::text ? "text" : "binary") +
         " message of more than " + std::to_string(offence.exceeded) + " bytes from " + peer;
}

}  // namespace

std::string Relay::Leg::close_reason() const {
  if (const Offence* offence = scanner.offence()) return offence_text(side, *offence);
  return scanner.close() != nullptr ? scanner.close()->reason : std::string();
}

void Relay::closed_by(Leg& from, const proto::ws::Close& close) {
  Leg& to = other(from);
  counters_.close_codes[index(from.side)][metrics::close_slot(static_cast<uint16_t>(close.code))]
      .add(1);
  if (to.close_due) {
    give_waiting(to);
  } else if (to.stream) {
    to.close_given = true;
  }
  begin_closing({.by = by(from.side),
                 .stage = Stage::open,
                 .cause = from.side == Side::client ? Cause::client_close : Cause::origin_close,
                 .code = close.code});
  complete(to);
  complete(from);
}

void Relay::violated_by(Leg& from, const Offence& offence) {
  const bool too_big = offence.exceeded != 0;
  if (too_big) {
    counters_.limited[metrics::kMaxMessageLimit].add(1);
  } else {
    counters_.protocol_errors[index(from.side)].add(1);
  }
  from.offended = true;
  Leg& to = other(from);
  if (to.stream) account(to);
  // The offender is told what he did, the other that the session is over through no fault of his.
  keep_for_offender(from, offence.violation.code,
                    too_big ? "message larger than " + std::to_string(offence.exceeded) + " bytes"
                            : std::string(offence.violation.why));
  begin_closing({.by = by(from.side),
                 .stage = Stage::open,
                 .cause = too_big ? Cause::message_too_big : Cause::protocol_error,
                 .code = offence.violation.code});
  const bool innocent_origin = from.side == Side::client;
  if (to.close_due) {
    give_waiting(to);
  } else if (too_big) {
    give_close(to, CloseCode::going_away, "the peer's message was too large");
  } else {
    give_close(to, innocent_origin ? CloseCode::going_away : CloseCode::internal_error,
               "protocol error of the peer");
  }
  // There may be nobody whose last words could come.
  if (from.close_due && (!to.stream || to.over())) give_waiting(from);
  // It may have had its Close before.
  complete(from);
}

// The other peer may be about to answer what was valid. Its answer to our Close says that there is
// no more.
void Relay::keep_for_offender(Leg& leg, CloseCode code, std::string reason) {
  if (!leg.stream || leg.close_given || leg.close_due) return;
  leg.close_due = true;
  waiting_ = std::make_unique<Waiting>(Waiting{.codes = {code, code},
                                               .reason = std::move(reason),
                                               .until = clock_.now() + kLastWords,
                                               .for_last_words = true});
}

void Relay::close(const Closing& closing) {
  const auto has_to_wait = [this](const Leg& leg, const Leg& source, bool may_wait) {
    return may_wait && leg.stream && source.stream && !leg.close_given &&
           !source.scanner.at_boundary();
  };
  for (Leg* leg : {&client_, &origin_}) {
    const bool may_wait =
        leg->side == Side::client ? closing.client_may_wait : closing.origin_may_wait;
    leg->close_due = leg->close_waited = has_to_wait(*leg, other(*leg), may_wait);
  }
  waiting_ = std::make_unique<Waiting>(Waiting{.codes = {closing.to_client, closing.to_origin},
                                               .reason = std::string(closing.reason),
                                               .until = closing.until,
                                               .for_last_words = false});
  begin_closing(
      {.by = By::gateway, .stage = Stage::open, .cause = closing.cause, .code = closing.to_client});
  give_decided(client_, closing);
  give_decided(origin_, closing);
}

void Relay::give_decided(Leg& leg, const Closing& closing) {
  if (leg.close_due || leg.close_given) return;
  give_close(leg, leg.side == Side::client ? closing.to_client : closing.to_origin, closing.reason);
  leg.close_waited = leg.stream && leg.stream->congested();
}

void Relay::give_waiting(Leg& leg) {
  leg.close_due = false;
  give_close(leg, waiting_->codes[index(leg.side)], waiting_->reason);
  note_if_given(leg);
}

void Relay::note_if_given(Leg& leg) {
  if (!leg.close_waited || leg.close_due || !leg.stream || leg.stream->congested()) return;
  leg.close_waited = false;
  leg.sent = clock_.now();
  observer_.on_waited(true);
}

std::optional<milliseconds> Relay::waits_until(const Leg& leg) const {
  if (!leg.close_due && !leg.close_waited) return std::nullopt;
  return waiting_->until;
}

void Relay::end_waiting() {
  if (client_.close_due) give_waiting(client_);
  if (origin_.close_due) give_waiting(origin_);
}

// A peer went away without the closing handshake, or after it.
void Relay::lost(Leg& leg) {
  Leg& left = other(leg);
  const bool orderly = leg.close_given && leg.over();
  const bool client = leg.side == Side::client;
  const CloseCode code = client ? CloseCode::going_away : CloseCode::internal_error;
  drop(leg, Delivery::unknown);
  if (orderly || !left.stream) return;
  begin_closing({.by = by(leg.side),
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

// Where the frame that passes towards it can not end any more, or not in time, the connection is
// cut: a Close in the middle of it would be payload.
void Relay::give_close(Leg& leg, CloseCode code, std::string_view reason) {
  if (!leg.stream || leg.close_given) return;
  Leg& source = other(leg);
  if (!source.scanner.at_boundary()) {
    cut(leg);
    return;
  }
  leg.close_given = leg.close_is_ours = true;
  leg.sent = clock_.now();
  const auto frame = proto::ws::close_frame(code, reason, key_towards(leg.side));
  leg.add_own(frame.size());
  leg.stream->write(proto::bytes_of(frame));
  // Nothing more is forwarded to it, so its Close is waited for behind whatever it has sent before,
  // and the other peer's is, too; but not past what is still to be relayed.
  resume(source);
  if (!source.stream || source.close_given) resume(leg);
  // How long the Close may wait in the queue is limited, too.
  if (leg.stream->congested()) observer_.on_congested();
  complete(leg);
}

// Both Closes of this leg are said. A server closes first (§7.1.1): we do so at the client's leg,
// and wait for it at the origin's, whose ports would be ours to run out of; but not after an
// offence, when nobody would notice its Close (§7.1.7).
void Relay::complete(Leg& leg) {
  if (!leg.stream || !leg.close_given || !leg.over()) return;
  if (leg.side == Side::origin && !leg.read_ended && !leg.offended) return;
  // What an offender goes on sending must be read: a reset would take our Close from it.
  const bool silent = leg.read_ended || leg.scanner.close() != nullptr;
  if (!silent || leg.stream->congested()) {
    leg.add_own(1);  // the FIN
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
