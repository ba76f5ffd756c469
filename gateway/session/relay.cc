#include "gateway/session/relay.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "gateway/session/usage_fields.h"
#include "proto/base/encoding.h"
#include "proto/ws/frame_writer.h"

namespace gateway::session {

using proto::ws::FrameScanner;
using proto::ws::Opcode;
using proto::ws::Sender;
using usage::Field;

namespace {

FrameScanner::Options scanner_options(Sender sender, const Relay::Rules& rules) {
  return {.sender = sender, .permessage_deflate = rules.permessage_deflate, .limits = rules.limits};
}

}  // namespace

Relay::Leg::Leg(Relay& owner, Side which, std::unique_ptr<net::Stream> connection,
                FrameScanner::Options options)
    : relay(owner), stream(std::move(connection)), scanner(options), side(which) {
  if (stream->count_records()) records = std::make_unique<net::Volume>();
}

// Never too little: with TLS there is a record around it, of at most so much more in any version.
void Relay::Leg::add_own(size_t bytes) {
  constexpr size_t kRecordOverhead = 29;
  const size_t tail = own_tail + bytes + (records ? kRecordOverhead : 0);
  own_tail = static_cast<uint8_t>(std::min<size_t>(tail, UINT8_MAX));
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
  relay.resume(relay.other(*this));
  relay.note_if_given(*this);
  if (close_given && over()) relay.complete(*this);
}

void Relay::Leg::on_failed(const net::IoError& error) {
  if (error.unacknowledged) relay.observer_.on_unacknowledged(*this);
  if (stream) relay.lost(*this);
}

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
  if (from.bytes_in == 0 && from.side == Side::origin && from.held == 0)
    first_from_origin_ = from.received;
  from.held += data.size();
  if (to.close_due) data = finish_frame(from, data);
  if (!take(from, data)) return;
  account_records(from);
  if (!to.stream) return;
  account(to);
  if (!to.stream->congested()) return;
  strained().queued(to.stream->queued());
  if (!to.close_given && from.stream && !from.paused) {
    pause(from);
    observer_.on_congested();
  }
}

// A Close that waits for the end of a frame is given there: lets the frame's rest go by, and
// returns what comes after it.
Bytes Relay::finish_frame(Leg& from, Bytes data) {
  if (waiting_->for_last_words) return data;
  const Bytes rest_of_frame = data.first(
      static_cast<size_t>(std::min<uint64_t>(from.scanner.left_of_frame(), data.size())));
  take(from, rest_of_frame);
  if (from.scanner.at_boundary()) give_waiting(other(from));
  return data.subspan(rest_of_frame.size());
}

// False: it holds a violation.
bool Relay::take(Leg& from, Bytes data) {
  Leg& to = other(from);
  while (!data.empty()) {
    const proto::ws::Counts before = from.scanner.counts();
    const FrameScanner::Event event = from.scanner.scan(data);
    const bool closed = event.what == FrameScanner::Event::What::closed;
    if (event.what == FrameScanner::Event::What::pong) {
      take_pong(from, event.octets);
    } else if (!closed || !to.close_due) {
      // Who waits for the last words is told what it did, not how the other one answers us.
      pass(from, event.octets);
    }
    tally(from, before);
    if (closed || from.over() || event.what == FrameScanner::Event::What::refused)
      count_in(from, from.held);
    if (closed) closed_by(from, *from.scanner.close());
    if (event.what == FrameScanner::Event::What::refused) {
      violated_by(from, *from.scanner.offence());
      return false;
    }
  }
  return true;
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
  to.own_tail = 0;
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
  assert(leg.taken <= leg.submitted && leg.payload_taken <= leg.taken);
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

// What the kernel still holds of a connection that is given up is lost, or nobody knows whether it
// arrives. Frames of our own at its end, and a FIN, are not the peer's.
void Relay::account_undelivered(const Leg& leg) {
  if (leg.side != Side::client) return;
  const uint64_t held = leg.stream->unacknowledged() - leg.stream->queued();
  if (held <= leg.own_tail) return;
  uint64_t lost = held - leg.own_tail;
  // In TLS the kernel holds records; as if each byte of them stood for as much.
  if (leg.records && leg.records->out > 0)
    lost = static_cast<uint64_t>(static_cast<double>(lost) * static_cast<double>(leg.taken) /
                                 static_cast<double>(leg.records->out));
  undelivered_ = static_cast<uint32_t>(std::min({lost, leg.taken, uint64_t{UINT32_MAX}}));
  counters_.undelivered.add(undelivered_);
  meter_.add(Field::client_undelivered_out, undelivered_);
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

void Relay::tally(Leg& from, const proto::ws::Counts& before) {
  const proto::ws::Counts& now = from.scanner.counts();
  Leg& to = other(from);
  if (to.stream && !to.close_given)
    to.payload_submitted += now.payload_bytes - before.payload_bytes;
  metrics::Direction& live =
      from.side == Side::client ? counters_.from_client : counters_.from_origin;
  const auto count = [&](metrics::Count& live_count, Field field, uint64_t number) {
    if (number == 0) return;
    live_count.add(number);
    meter_.add(field, number);
  };
  const auto add = [&](metrics::Count& live_count, Field first, uint64_t number) {
    count(live_count, sender_field(first, from.side), number);
  };
  count(live.payload_bytes, bytes_field(Field::client_payload_in, from.side),
        now.payload_bytes - before.payload_bytes);
  add(live.text_messages, Field::text_messages_in, now.text_messages - before.text_messages);
  add(live.binary_messages, Field::binary_messages_in,
      now.binary_messages - before.binary_messages);
  add(live.data_frames, Field::data_frames_in, now.data_frames - before.data_frames);
  add(live.close_frames, Field::close_frames_in, now.close_frames - before.close_frames);
  add(live.ping_frames, Field::ping_frames_in, now.ping_frames - before.ping_frames);
  add(live.pong_frames, Field::pong_frames_in, now.pong_frames - before.pong_frames);
  add(live.units_2k, Field::units_2k_in, now.units_2k - before.units_2k);
  add(live.units_32k, Field::units_32k_in, now.units_32k - before.units_32k);
}

bool Relay::ping() {
  if (!client_.stream || client_.close_given) return true;
  if (!origin_.scanner.at_boundary() || client_.stream->congested()) return false;
  proto::random_bytes(ping_);
  client_.scanner.watch_pongs(true);
  const auto frame = proto::ws::frame(Opcode::ping, ping_, std::nullopt);
  client_.add_own(frame.size());
  client_.stream->write(proto::bytes_of(frame));
  client_.sent = clock_.now();
  counters_.edge_pings.add(1);
  awaiting_pong_ = true;
  return true;
}

bool Relay::answers_ping(Bytes payload) const {
  return awaiting_pong_ && std::ranges::equal(payload, ping_);
}

void Relay::take_pong(Leg& from, Bytes frame) {
  if (!answers_ping(from.scanner.pong())) {
    pass(from, frame);
    return;
  }
  // Between the client and us: it is in nobody's figures.
  from.scanner.leave_out_pong();
  from.held -= frame.size();
  awaiting_pong_ = false;
  from.scanner.watch_pongs(false);
  observer_.on_pong();
}

void Relay::cut(Leg& leg) {
  if (leg.stream) drop(leg, Delivery::unknown);
}

// What the other one was paused for is over.
void Relay::drop(Leg& leg, Delivery delivery) {
  account(leg);
  account_records(leg);
  if (delivery == Delivery::unknown) account_undelivered(leg);
  if (leg.side == Side::client) account_packets();
  count_in(leg, leg.held);
  leg.close_arrived = leg.close_given && leg.stream->queued() == 0;
  leg.close_due = false;
  if (leg.close_waited) observer_.on_waited(leg.close_arrived);
  if (const net::tls::TlsStream* tls = leg.side == Side::client ? leg.stream->as_tls() : nullptr)
    strained().keep(tls->facts());
  if (leg.paused) strained().resumed(index(leg.side), clock_.now());
  leg.paused = false;
  leg.stream.reset();
  Leg& left = other(leg);
  if (!left.stream) {
    if (!end_) end_ = SessionEnd{.by = By::gateway, .cause = Cause::internal};
    end_->stage = std::min(client_.stage(), origin_.stage());
    observer_.on_relay_ended();
  } else if (left.close_due) {
    // Neither the rest of a frame nor another word will come.
    give_waiting(left);
  } else {
    // Nobody is left to be overtaken: its rest is read for the end.
    resume(left);
  }
}

void Relay::pause(Leg& leg) {
  leg.paused = true;
  leg.stream->pause_reading();
  counters_.pauses[index(leg.side)].add(1);
  strained().paused(index(leg.side), clock_.now());
}

void Relay::resume(Leg& leg) {
  if (!leg.paused) return;
  leg.paused = false;
  strained().resumed(index(leg.side), clock_.now());
  if (leg.stream) leg.stream->resume_reading();
}

Strain& Relay::strained() {
  if (!strain_) strain_ = std::make_unique<Strain>();
  return *strain_;
}

}  // namespace gateway::session
