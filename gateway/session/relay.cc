#include "gateway/session/relay.h"

#include <algorithm>
#include <utility>

#include "gateway/net/tls/tls_stream.h"
#include "proto/base/encoding.h"
#include "proto/ws/frame_writer.h"

namespace gateway::session {

using proto::ws::FrameScanner;
using proto::ws::Opcode;
using proto::ws::Sender;
using What = FrameScanner::Event::What;

namespace {

FrameScanner::Options scanner_options(Sender sender, const Relay::Rules& rules) {
  return {.sender = sender, .permessage_deflate = rules.permessage_deflate, .limits = rules.limits};
}

}  // namespace

Relay::Relay(Streams streams, const Rules& rules, const Tally& tally,
             const net::DeadlineWheel& clock, Observer& observer)
    : ClientLeg(std::move(streams.client), scanner_options(Sender::client, rules), clock.now()),
      OriginLeg(std::move(streams.origin), scanner_options(Sender::server, rules), clock.now()),
      tally_(tally),
      clock_(clock),
      observer_(observer) {}

void Relay::start(Bytes from_client, Bytes from_origin) {
  client().stream->start(client());
  origin().stream->start(origin());
  if (!from_origin.empty()) receive(origin(), from_origin);
  if (!from_client.empty() && client().stream) receive(client(), from_client);
}

void Relay::receive(Leg& from, Bytes data) {
  Leg& to = other(from);
  if (from.side() == Side::origin && from.ledger.silent())
    first_from_origin_ = static_cast<uint32_t>(clock_.now().count());
  from.ledger.came(data.size(), clock_.now());
  if (to.given == Leg::Given::at_boundary) data = finish_frame(from, data);
  if (!take(from, data)) return;
  settle_records(from);
  if (!to.stream) return;
  settle(to);
  if (!to.stream->congested()) return;
  make_rare().strain.queued(to.stream->queued());
  if (!to.close_given() && from.stream && !from.paused) {
    pause(from);
    observer_.on_congested();
  }
}

// A Close that waits for the end of a frame is given there: lets the frame's rest go by, and
// returns what comes after it.
Bytes Relay::finish_frame(Leg& from, Bytes data) {
  const Bytes rest_of_frame = data.first(
      static_cast<size_t>(std::min<uint64_t>(from.scanner.left_of_frame(), data.size())));
  take(from, rest_of_frame);
  if (from.scanner.at_boundary()) give_due(other(from));
  return data.subspan(rest_of_frame.size());
}

// False: it holds a violation.
bool Relay::take(Leg& from, Bytes data) {
  while (!data.empty()) {
    const proto::ws::Counts before = from.scanner.counts();
    const FrameScanner::Event event = from.scanner.scan(data);
    act_on(from, event, from.scanner.counts().payload_bytes - before.payload_bytes);
    tally_.frames(from.side(), before, from.scanner.counts());
    if (event.what == What::passed && !from.over()) continue;
    if (event.what == What::pong) continue;
    // Bytes that are dropped have come all the same.
    from.ledger.count_rest(tally_);
    if (event.what == What::closed) closed_by(from, *from.scanner.close());
    if (event.what == What::refused) {
      violated_by(from, *from.scanner.offence());
      return false;
    }
  }
  return true;
}

// Lets the octets of an event go by, all but two kinds.
void Relay::act_on(Leg& from, const FrameScanner::Event& event, uint64_t payload) {
  // An offender is told of its own offence, not how the other peer answers our Close.
  if (event.what == What::closed && other(from).close_due()) return;
  if (event.what == What::pong) return take_pong(from, event.octets);
  pass(from, event.octets, payload);
}

// After a Close nothing may follow (§5.5.1): what still comes is read for its Close alone.
void Relay::pass(Leg& from, Bytes data, uint64_t payload) {
  if (data.empty()) return;
  from.ledger.count(data.size(), tally_);
  Leg& to = other(from);
  if (!to.stream || to.close_given()) return;
  to.ledger.gave(data.size(), payload, clock_.now());
  to.stream->write(data);
}

// A Pong that answers a ping of ours is between the client and us: it is in nobody's figures.
void Relay::take_pong(Leg& from, Bytes frame) {
  if (!awaiting_pong_ || !std::ranges::equal(from.scanner.pong(), ping_)) {
    pass(from, frame, 0);
    return;
  }
  from.scanner.leave_out_pong();
  from.ledger.leave_out(frame.size());
  awaiting_pong_ = false;
  from.scanner.watch_pongs(false);
  observer_.on_pong();
}

bool Relay::ping() {
  if (!client().stream || client().close_given()) return true;
  if (!origin().scanner.at_boundary() || client().stream->congested()) return false;
  proto::random_bytes(ping_);
  client().scanner.watch_pongs(true);
  const auto frame = proto::ws::frame(Opcode::ping, ping_, std::nullopt);
  client().ledger.gave_own(frame.size(), clock_.now());
  client().stream->write(proto::bytes_of(frame));
  observer_.counters().edge_pings.add(1);
  awaiting_pong_ = true;
  return true;
}

void Relay::drained(Leg& leg) {
  settle(leg);
  resume(other(leg));
  if (leg.given == Leg::Given::unsent && !leg.stream->congested()) {
    leg.advance(Leg::Given::ours);
    leg.ledger.note_sent(clock_.now());
    observer_.on_waited(true);
  }
  complete(leg);
}

void Relay::settle(Leg& leg) {
  leg.ledger.took(leg.stream->queued(), tally_);
  settle_records(leg);
}

void Relay::settle_records(Leg& leg) {
  if (leg.stream && leg.ledger.has_records())
    leg.ledger.note_records(leg.stream->records(), tally_);
}

// Bytes that the kernel still holds of a connection that is given up count as undelivered: lost, or
// of unknown fate.
void Relay::settle_undelivered(const Leg& leg) {
  if (leg.side() != Side::client) return;
  const uint64_t held = leg.stream->unacknowledged() - leg.stream->queued();
  undelivered_ =
      static_cast<uint32_t>(std::min<uint64_t>(leg.ledger.undelivered(held), UINT32_MAX));
  tally_.undelivered(undelivered_);
}

void Relay::account_packets() {
  if (!client().stream) return;
  const auto now = client().stream->packets();
  if (!now) return;
  // The kernel's numbers of segments begin anew after 2^32.
  const auto more = [](uint64_t before, uint64_t after) {
    return after > before ? after - before : 0;
  };
  tally_.packets({.in = more(packets_.in, now->in), .out = more(packets_.out, now->out)});
  packets_ = *now;
}

void Relay::cut(Leg& leg) {
  if (leg.stream) drop(leg, Delivery::unknown);
}

void Relay::drop(Leg& leg, Delivery delivery) {
  settle(leg);
  if (delivery == Delivery::unknown) settle_undelivered(leg);
  if (leg.side() == Side::client) account_packets();
  leg.ledger.count_rest(tally_);
  if (const net::tls::TlsStream* tls = leg.side() == Side::client ? leg.stream->as_tls() : nullptr)
    keep(tls->facts());
  const bool close_gone = leg.close_given() && leg.stream->queued() == 0;
  if (leg.paused) make_rare().strain.resumed(index(leg.side()), clock_.now());
  leg.paused = false;
  leg.stream.reset();
  end_closes(leg, close_gone);
  Leg& left = other(leg);
  if (!left.stream) {
    if (!end_) end_ = SessionEnd{.by = By::gateway, .cause = Cause::internal};
    end_->stage = std::min(client().stage, origin().stage);
    observer_.on_relay_ended();
  } else if (left.close_due()) {
    // Neither the rest of a frame nor another word will come.
    give_due(left);
  } else {
    // Its pause was for the peer that is gone: what it still sends is read for its end.
    resume(left);
  }
}

void Relay::pause(Leg& leg) {
  leg.paused = true;
  leg.stream->pause_reading(net::Pause::congestion);
  observer_.counters().pauses[index(leg.side())].add(1);
  make_rare().strain.paused(index(leg.side()), clock_.now());
}

void Relay::resume(Leg& leg) {
  if (!leg.paused) return;
  leg.paused = false;
  make_rare().strain.resumed(index(leg.side()), clock_.now());
  if (leg.stream) leg.stream->resume_reading(net::Pause::congestion);
}

void Relay::keep(const net::tls::Facts& facts) {
  make_rare().tls = Rare::Tls{.version = facts.version_name,
                              .cipher = facts.cipher,
                              .server_name = std::string(facts.server_name),
                              .resumed = facts.resumed};
}

Rare& Relay::make_rare() {
  if (!rare_) rare_ = std::make_unique<Rare>();
  return *rare_;
}

std::optional<milliseconds> Relay::first_from_origin(milliseconds opened) const {
  if (origin().ledger.bytes_in() == 0) return std::nullopt;
  return milliseconds{first_from_origin_ - static_cast<uint32_t>(opened.count())};
}

}  // namespace gateway::session
