#include "gateway/session/relay.h"

#include <algorithm>
#include <cstring>

#include "gateway/session/usage_fields.h"
#include "proto/base/encoding.h"
#include "proto/ws/frame_writer.h"

namespace gateway::session {

using proto::ws::FrameScanner;
using proto::ws::MaskingKey;
using proto::ws::Opcode;
using proto::ws::Sender;
using usage::Field;

namespace {

size_t index(Side side) { return static_cast<size_t>(side); }

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

FrameScanner::Options scanner_options(Sender sender, const Relay::Rules& rules) {
  return {.sender = sender, .permessage_deflate = rules.permessage_deflate, .limits = rules.limits};
}

// For the operator, who knows neither which limit it was nor whose message.
std::string offence(Side side, const FrameScanner::Scan& scan) {
  const std::string peer = side == Side::client ? "the client" : "the origin";
  if (scan.exceeded == 0)
    return "protocol error of " + peer + ": " + std::string(scan.violation->why);
  return std::string(scan.exceeding == Opcode::text ? "text" : "binary") +
         " message of more than " + std::to_string(scan.exceeded) + " bytes from " + peer;
}

}  // namespace

Relay::Leg::Leg(Relay& owner, Side which, std::unique_ptr<net::Stream> connection,
                FrameScanner::Options options)
    : relay(owner), stream(std::move(connection)), scanner(options), side(which) {
  if (stream->count_records()) records = std::make_unique<net::Volume>();
}

void Relay::Leg::on_data(Bytes data) { relay.receive(*this, data); }

void Relay::Leg::on_end() {
  // It has said its Close and waits for the answer, or the rest of the queue, with its own side
  // shut.
  if (over() && (!close_given || stream->congested())) {
    read_ended = true;
    return;
  }
  relay.lost(*this);
}

void Relay::Leg::on_drained() {
  relay.account(*this);
  Leg& source = relay.other(*this);
  if (source.paused) {
    source.paused = false;
    if (source.stream) source.stream->resume_reading();
  }
  if (close_given && over()) relay.complete(*this);
}

void Relay::Leg::on_failed(const net::IoError&) { relay.lost(*this); }

Relay::Relay(Streams streams, const Rules& rules, const Figures& figures,
             const net::DeadlineWheel& clock, Observer& observer)
    : counters_(figures.counters),
      origin_traffic_(figures.origin),
      meter_(figures.meter),
      clock_(clock),
      observer_(observer),
      client_(*this, Side::client, std::move(streams.client),
              scanner_options(Sender::client, rules)),
      origin_(*this, Side::origin, std::move(streams.origin),
              scanner_options(Sender::server, rules)) {
  client_.received = client_.sent = origin_.received = origin_.sent = clock.now();
}

void Relay::start(Bytes from_client, Bytes from_origin) {
  client_.stream->start(client_);
  origin_.stream->start(origin_);
  if (!from_origin.empty()) receive(origin_, from_origin);
  if (!from_client.empty() && client_.stream) receive(client_, from_client);
}

metrics::Traffic& Relay::traffic(const Leg& leg) {
  return leg.side == Side::client ? counters_.client : origin_traffic_;
}

void Relay::receive(Leg& from, Bytes data) {
  Leg& to = other(from);
  from.longest_silence = std::max(from.longest_silence, clock_.now() - from.received);
  from.received = clock_.now();
  from.held += data.size();
  while (!data.empty()) {
    FrameScanner::Scan scan = from.scanner.scan(data);
    pass(from, scan.carry);
    pass(from, scan.ready);
    if (to.stream && !to.close_given) to.payload_submitted += scan.seen.payload_bytes;
    if (scan.pong) take_pong(from, scan);
    tally(from, scan.seen);
    if (scan.close || scan.violation || from.over()) count_in(from, from.held);
    if (scan.close) closed_by(from, *scan.close);
    if (scan.violation) {
      violated_by(from, scan);
      return;
    }
    data = scan.rest;
  }
  account_records(from);
  if (!to.stream) return;
  account(to);
  if (to.stream->congested() && !to.close_given && from.stream && !from.paused) {
    from.paused = true;
    from.stream->pause_reading();
    counters_.pauses[index(from.side)].add(1);
    observer_.on_congested();
  }
}

void Relay::pass(Leg& from, Bytes data) {
  count_in(from, data.size());
  forward(other(from), data);
}

void Relay::count_in(Leg& leg, uint64_t bytes) {
  leg.held -= bytes;
  leg.bytes_in += bytes;
  traffic(leg).bytes_in.add(bytes);
  meter_.add(bytes_field(Field::client_bytes_in, leg.side), bytes);
}

void Relay::forward(Leg& to, Bytes data) {
  // After a Close nothing may follow (§5.5.1): what still comes is read for its Close alone.
  if (data.empty() || !to.stream || to.close_given) return;
  to.sent = clock_.now();
  to.submitted += data.size();
  to.stream->write(data);
}

// Bytes count when the kernel has taken them. Frames of our own in the queue only delay the count,
// never raise it.
void Relay::account(Leg& leg) {
  const uint64_t queued = std::min<uint64_t>(leg.stream->queued(), leg.submitted);
  const uint64_t taken = leg.submitted - queued;
  if (taken <= leg.taken) return;
  traffic(leg).bytes_out.add(taken - leg.taken);
  meter_.add(bytes_field(Field::client_bytes_out, leg.side), taken - leg.taken);
  leg.taken = taken;
  account_records(leg);
  // Where the payload stands in the queue is not known: as if nothing else did.
  const uint64_t payload = leg.payload_submitted - std::min(queued, leg.payload_submitted);
  if (payload <= leg.payload_taken) return;
  meter_.add(bytes_field(Field::client_payload_out, leg.side), payload - leg.payload_taken);
  leg.payload_taken = payload;
}

void Relay::account_records(Leg& leg) {
  if (!leg.records || !leg.stream) return;
  const net::Volume now = leg.stream->records();
  meter_.add(bytes_field(Field::client_wire_in, leg.side), now.in - leg.records->in);
  // The queue may stand longer than before: what was counted stays counted.
  const uint64_t out = std::max(now.out, leg.records->out);
  meter_.add(bytes_field(Field::client_wire_out, leg.side), out - leg.records->out);
  *leg.records = {.in = now.in, .out = out};
}

void Relay::account_packets() {
  if (!client_.stream) return;
  const auto now = client_.stream->packets();
  if (!now) return;
  // The kernel's numbers of segments begin anew after 2^32.
  if (now->in > packets_.in) meter_.add(Field::client_network_in, now->in - packets_.in);
  if (now->out > packets_.out) meter_.add(Field::client_network_out, now->out - packets_.out);
  packets_ = *now;
}

void Relay::tally(Leg& from, const proto::ws::Counts& seen) {
  metrics::Direction& live =
      from.side == Side::client ? counters_.from_client : counters_.from_origin;
  const auto count = [&](metrics::Count& live_count, Field field, uint64_t& total,
                         uint64_t number) {
    if (number == 0) return;
    live_count.add(number);
    meter_.add(field, number);
    total += number;
  };
  const auto add = [&](metrics::Count& live_count, Field first, uint64_t& total, uint64_t number) {
    count(live_count, sender_field(first, from.side), total, number);
  };
  count(live.payload_bytes, bytes_field(Field::client_payload_in, from.side),
        from.seen.payload_bytes, seen.payload_bytes);
  add(live.text_messages, Field::text_messages_in, from.seen.text_messages, seen.text_messages);
  add(live.binary_messages, Field::binary_messages_in, from.seen.binary_messages,
      seen.binary_messages);
  add(live.data_frames, Field::data_frames_in, from.seen.data_frames, seen.data_frames);
  add(live.close_frames, Field::close_frames_in, from.seen.close_frames, seen.close_frames);
  add(live.ping_frames, Field::ping_frames_in, from.seen.ping_frames, seen.ping_frames);
  add(live.pong_frames, Field::pong_frames_in, from.seen.pong_frames, seen.pong_frames);
  add(live.units_2k, Field::units_2k_in, from.seen.units_2k, seen.units_2k);
  add(live.units_32k, Field::units_32k_in, from.seen.units_32k, seen.units_32k);
  from.seen.largest_message = std::max(from.seen.largest_message, seen.largest_message);
}

bool Relay::ping() {
  if (!client_.stream || client_.close_given) return true;
  if (!origin_.scanner.at_boundary() || client_.stream->congested()) return false;
  proto::random_bytes(ping_);
  client_.scanner.watch_pongs(true);
  client_.stream->write(proto::bytes_of(proto::ws::frame(Opcode::ping, ping_, std::nullopt)));
  client_.sent = clock_.now();
  counters_.edge_pings.add(1);
  awaiting_pong_ = true;
  return true;
}

bool Relay::answers_ping(const FrameScanner::Pong& pong) const {
  return awaiting_pong_ && pong.payload_size == ping_.size() &&
         std::equal(ping_.begin(), ping_.end(), pong.payload.begin());
}

void Relay::take_pong(Leg& from, FrameScanner::Scan& scan) {
  const Bytes frame = scan.pong->frame;
  if (!answers_ping(*scan.pong)) {
    pass(from, frame);
    return;
  }
  // Between the client and us: it is in nobody's figures.
  --scan.seen.pong_frames;
  from.held -= frame.size();
  awaiting_pong_ = false;
  from.scanner.watch_pongs(false);
  observer_.on_pong();
}

void Relay::closed_by(Leg& from, const proto::ws::Close& close) {
  Leg& to = other(from);
  from.close_code = close.code;
  if (!close.reason.empty()) from.close_reason = std::make_unique<std::string>(close.reason);
  counters_.close_codes[index(from.side)][metrics::close_slot(static_cast<uint16_t>(close.code))]
      .add(1);
  if (to.stream) to.close_given = true;
  begin_closing({.by = by(from.side),
                 .stage = Stage::open,
                 .cause = from.side == Side::client ? Cause::client_close : Cause::origin_close,
                 .code = close.code});
  complete(to);
  complete(from);
}

void Relay::violated_by(Leg& from, const FrameScanner::Scan& scan) {
  const bool too_big = scan.exceeded != 0;
  if (too_big) {
    counters_.limited[metrics::kMaxMessageLimit].add(1);
  } else {
    counters_.protocol_errors[index(from.side)].add(1);
  }
  from.offended = true;
  from.close_reason = std::make_unique<std::string>(offence(from.side, scan));
  Leg& to = other(from);
  if (to.stream) account(to);
  begin_closing({.by = by(from.side),
                 .stage = Stage::open,
                 .cause = too_big ? Cause::message_too_big : Cause::protocol_error,
                 .code = scan.violation->code});
  // The offender is told what he did, the other that the session is over through no fault of his.
  if (too_big) {
    const std::string why = "message larger than " + std::to_string(scan.exceeded) + " bytes";
    give_close(from, scan.violation->code, why);
    give_close(to, CloseCode::going_away, "the peer's message was too large");
    return;
  }
  give_close(from, scan.violation->code, scan.violation->why);
  give_close(to, from.side == Side::client ? CloseCode::going_away : CloseCode::internal_error,
             "protocol error of the peer");
}

void Relay::close(const Closing& closing) {
  begin_closing(
      {.by = By::gateway, .stage = Stage::open, .cause = closing.cause, .code = closing.to_client});
  give_close(client_, closing.to_client, closing.reason);
  give_close(origin_, closing.to_origin, closing.reason);
}

// A peer went away without the closing handshake, or after it.
void Relay::lost(Leg& leg) {
  Leg& left = other(leg);
  const bool orderly = leg.close_given && leg.over();
  const bool client = leg.side == Side::client;
  drop(leg);
  if (orderly || !left.stream) return;
  const CloseCode code = client ? CloseCode::going_away : CloseCode::internal_error;
  begin_closing({.by = by(leg.side),
                 .stage = Stage::open,
                 .cause = client ? Cause::client_abort : Cause::origin_abort,
                 .code = code});
  // A peer that has said its Close gets it back (§5.5.1), whatever became of the other.
  if (left.scanner.closed()) {
    give_close(left, left.close_code, {});
    return;
  }
  give_close(left, code, client ? "client connection lost" : "origin connection lost");
}

void Relay::give_close(Leg& leg, CloseCode code, std::string_view reason) {
  if (!leg.stream || leg.close_given) return;
  // Into the middle of a frame no Close can be written: it would be payload.
  if (!other(leg).scanner.at_boundary()) {
    cut(leg);
    return;
  }
  leg.close_given = leg.close_is_ours = true;
  leg.sent = clock_.now();
  leg.stream->write(proto::bytes_of(proto::ws::close_frame(code, reason, key_towards(leg.side))));
  // Its Close is waited for, behind whatever it has sent before.
  if (leg.paused) {
    leg.paused = false;
    leg.stream->resume_reading();
  }
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
  const bool silent = leg.read_ended || leg.scanner.closed();
  if (!silent || leg.stream->congested()) {
    leg.stream->end();
    return;
  }
  leg.stream->finish();
  if (!leg.stream->congested()) drop(leg);
}

void Relay::begin_closing(const SessionEnd& end) {
  if (!end_) end_ = end;
  if (closing_) return;
  closing_ = true;
  observer_.on_closing();
}

void Relay::cut(Leg& leg) {
  if (leg.stream) drop(leg);
}

void Relay::drop(Leg& leg) {
  account(leg);
  account_records(leg);
  if (leg.side == Side::client) account_packets();
  count_in(leg, leg.held);
  leg.stream.reset();
  Leg& left = other(leg);
  if (!left.stream) {
    if (!end_) end_ = SessionEnd{.by = By::gateway, .stage = Stage::open, .cause = Cause::internal};
    observer_.on_relay_ended();
  } else if (left.paused) {
    // Nobody is left to be overtaken: its rest is read for the end.
    left.paused = false;
    left.stream->resume_reading();
  }
}

}  // namespace gateway::session
