#include "gateway/session/leg.h"

#include <cassert>
#include <utility>

#include "gateway/session/relay.h"

namespace gateway::session {

using proto::ws::CloseCode;
using proto::ws::Offence;

namespace {

[[maybe_unused]] bool may_follow(Leg::Reading next, Leg::Reading now) {
  switch (next) {
    case Leg::Reading::open:
      return false;
    case Leg::Reading::closed:
    case Leg::Reading::offended:
      return now == Leg::Reading::open;
    case Leg::Reading::ended:
      return now == Leg::Reading::closed || now == Leg::Reading::offended;
  }
  return false;
}

[[maybe_unused]] bool may_follow(Leg::Given next, Leg::Given now) {
  using enum Leg::Given;
  switch (next) {
    case none:
      return now == at_boundary || now == after_words;
    case at_boundary:
    case after_words:
    case theirs:
      return now == none;
    case unsent:
      return now == none || now == at_boundary;
    case ours:
      return now != ours && now != theirs;
  }
  return false;
}

// For the operator, who knows neither which limit it was nor whose message.
std::string offence_text(Side side, const Offence& offence) {
  const std::string peer = side == Side::client ? "the client" : "the origin";
  if (offence.exceeded == 0)
    return "protocol error of " + peer + ": " + std::string(offence.violation.why);
  return std::string(offence.exceeding == proto::ws::Opcode::text ? "text" : "binary") +
         " message of more than " + std::to_string(offence.exceeded) + " bytes from " + peer;
}

}  // namespace

Leg::Leg(Side side, std::unique_ptr<net::Stream> connection,
         const proto::ws::FrameScanner::Options& options, milliseconds now)
    : stream(std::move(connection)), scanner(options), ledger(side, now) {
  static_assert(sizeof(Leg) <= 208, "a session has two, and sessions are many");
  if (stream->count_records()) ledger.begin_records();
}

Relay& Leg::relay() {
  return side() == Side::client ? static_cast<Relay&>(static_cast<LegOf<Side::client>&>(*this))
                                : static_cast<Relay&>(static_cast<LegOf<Side::origin>&>(*this));
}

void Leg::on_data(proto::Bytes data) { relay().receive(*this, data); }

void Leg::on_end() {
  // It has said its Close and waits for the answer, or the rest of the queue, with its own side
  // shut.
  if (over() && (!close_given() || stream->congested())) {
    advance(Reading::ended);
    return;
  }
  relay().lost(*this);
}

void Leg::on_drained() { relay().drained(*this); }

void Leg::on_failed(const net::IoError& error) {
  if (error.unacknowledged) relay().observer_.on_unacknowledged(*this);
  if (stream) relay().lost(*this);
}

void Leg::advance(Reading next) {
  assert(may_follow(next, reading));
  reading = next;
}

void Leg::advance(Given next) {
  assert(may_follow(next, given));
  given = next;
}

CloseCode Leg::close_code() const {
  return scanner.close() != nullptr ? scanner.close()->code : CloseCode::abnormal;
}

std::string Leg::close_reason() const {
  if (const Offence* offence = scanner.offence()) return offence_text(side(), *offence);
  return scanner.close() != nullptr ? scanner.close()->reason : std::string();
}

}  // namespace gateway::session
