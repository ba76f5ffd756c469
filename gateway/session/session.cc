#include "gateway/session/session.h"

#include <algorithm>
#include <array>

#include "gateway/session/accounting.h"
#include "proto/base/encoding.h"

namespace gateway::session {

namespace {

// A client whose bytes come this shortly before the timeout will miss it one day.
constexpr milliseconds kSlowHeartbeat{5000};

// A share in [0, 1): spreads ends in time, nothing more, but needs no state.
double random_share() {
  std::array<uint8_t, 4> bytes{};
  proto::random_bytes(bytes);
  const uint32_t number = static_cast<uint32_t>(bytes[0]) | static_cast<uint32_t>(bytes[1]) << 8 |
                          static_cast<uint32_t>(bytes[2]) << 16 |
                          static_cast<uint32_t>(bytes[3]) << 24;
  return static_cast<double>(number) / 4294967296.0;
}

milliseconds lifetime_end(const config::MaxLifetime& limit, milliseconds now) {
  if (!limit.after) return kNever;
  const double kept = 1 - limit.jitter_percent / 100 * random_share();
  return now + milliseconds(static_cast<int64_t>(static_cast<double>(limit.after->count()) * kept));
}

// Spread by a tenth either way, so that sessions that began together do not report together.
milliseconds next_interim(milliseconds interval, milliseconds now) {
  const double spread = 0.9 + 0.2 * random_share();
  return now + milliseconds(static_cast<int64_t>(static_cast<double>(interval.count()) * spread));
}

// The largest that can be configured is far below 4 GiB.
proto::ws::MessageLimits limits_of(const config::MaxMessage& limit) {
  return {.text = static_cast<uint32_t>(limit.text.value_or(0)),
          .binary = static_cast<uint32_t>(limit.binary.value_or(0))};
}

// "60s", "2m30s" would be for people; operators compare it with the file, so it is the unit that
// they wrote.
std::string in_seconds(milliseconds time) {
  if (time.count() % 1000 != 0) return std::to_string(time.count()) + "ms";
  return std::to_string(time.count() / 1000) + "s";
}

}  // namespace

Session::Session(const Surroundings& surroundings, Opening opening)
    : surroundings_(surroundings),
      snapshot_(std::move(opening.snapshot)),
      domain_(opening.domain),
      counters_(*domain_.counters[surroundings.worker]),
      meter_(*domain_.meters[surroundings.worker]),
      identity_(std::move(opening.identity)),
      relay_(std::move(opening.streams),
             {.permessage_deflate = opening.permessage_deflate,
              .limits = limits_of(domain_.config->websocket.max_message)},
             {counters_, domain_.traffic_of(opening.token.backend(), surroundings.worker), meter_},
             surroundings.wheel, *this),
      pass_(std::move(opening.pass)),
      token_(std::move(opening.token)),
      opened_ms_(unix_milliseconds()) {
  timers_.opened = timers_.pinged = surroundings.wheel.now();
  timers_.lifetime_ends = lifetime_end(domain_.config->websocket.max_lifetime, timers_.opened);
  counters_.opened[identity_.client_tls ? 1 : 0].add(1);
  counters_.active.add(1);
  surroundings.book.set_now(timers_.opened);
  meter_.open(identity_.client_tls);
  write_record(usage::Record::Kind::start);
}

void Session::start(Bytes from_client, Bytes from_origin) {
  arm();
  relay_.start(from_client, from_origin);
}

void Session::arm() {
  surroundings_.wheel.set(*this, next_due(domain_.config->websocket, relay_, timers_).when);
}

void Session::on_deadline(milliseconds now) {
  const Due due = next_due(domain_.config->websocket, relay_, timers_);
  if (due.when <= now) act(due.act, now);
  if (relay_.client().stream || relay_.origin().stream) arm();
}

void Session::act(Act what, milliseconds now) {
  const config::WebSocket& settings = domain_.config->websocket;
  switch (what) {
    case Act::idle:
      if (relay_.client().longest_silence + kSlowHeartbeat >= settings.connection_timeout) {
        counters_.slow_heartbeats.add(1);
      }
      decide(Cause::idle_timeout, CloseCode::going_away, CloseCode::going_away,
             "idle timeout " + in_seconds(settings.connection_timeout));
      return;
    case Act::client_idle:
      decide(Cause::client_idle, CloseCode::going_away, CloseCode::going_away,
             "client idle timeout");
      return;
    case Act::origin_idle:
      decide(Cause::origin_idle, CloseCode::going_away, CloseCode::going_away,
             "origin idle timeout");
      return;
    case Act::lifetime:
      decide(Cause::max_lifetime, CloseCode::going_away, CloseCode::going_away,
             "maximum lifetime reached");
      return;
    case Act::ping:
      if (relay_.ping()) {
        timers_.pinged = now;
      } else {
        timers_.ping_retry = now + milliseconds(100);
      }
      return;
    case Act::pong_missing:
      decide(Cause::pong_timeout, CloseCode::going_away, CloseCode::going_away,
             "no pong within " + in_seconds(settings.keepalive.timeout));
      return;
    case Act::look_at_client:
      look_at(relay_.client(), timers_.client_stall, now);
      return;
    case Act::look_at_origin:
      look_at(relay_.origin(), timers_.origin_stall, now);
      return;
    case Act::interim:
      relay_.account_packets();
      write_record(usage::Record::Kind::interim);
      return;
    case Act::close_unsent:
      give_up_unsent(now);
      return;
    case Act::close_unanswered:
      relay_.cut(relay_.client());
      relay_.cut(relay_.origin());
      return;
  }
}

void Session::decide(Cause cause, CloseCode to_client, CloseCode to_origin, std::string reason) {
  reason_ = std::make_unique<std::string>(std::move(reason));
  relay_.close(
      {.cause = cause, .to_client = to_client, .to_origin = to_origin, .reason = *reason_});
}

void Session::close(Cause cause, CloseCode code, std::string_view reason) {
  if (!relay_.closing()) decide(cause, code, code, std::string(reason));
}

void Session::abort() {
  relay_.cut(relay_.client());
  relay_.cut(relay_.origin());
}

// A no-progress timer: whoever takes even a byte now and then is slow, but not stalled.
void Session::look_at(Relay::Leg& leg, std::unique_ptr<Timers::Stall>& watch, milliseconds now) {
  if (!leg.stream || !leg.stream->congested()) {
    watch.reset();
    return;
  }
  Timers::Stall& stall = *watch;
  stall.checked = now;
  // What the peer has acknowledged; modulo 2^64, since TLS holds more than was submitted.
  const uint64_t taken = leg.submitted - leg.stream->unacknowledged();
  if (taken != stall.taken) {
    stall.taken = taken;
    stall.since = now;
    return;
  }
  if (now - stall.since < *domain_.config->websocket.send_stall_timeout) return;
  const bool client = leg.side == Side::client;
  const CloseCode code = client ? CloseCode::going_away : CloseCode::internal_error;
  decide(Cause::slow_consumer, code, code,
         client ? "client does not read" : "origin does not read");
  relay_.cut(leg);
}

void Session::give_up_unsent(milliseconds now) {
  for (Relay::Leg* leg : {&relay_.client(), &relay_.origin()}) {
    const auto due = unsent_close_due(domain_.config->websocket, *leg);
    if (due && *due <= now) relay_.cut(*leg);
  }
}

void Session::write_record(usage::Record::Kind kind) {
  if (surroundings_.records == nullptr) return;
  const milliseconds now = surroundings_.wheel.now();
  usage::Record record = make_record(kind, {.identity = identity_,
                                            .domain = domain_.label,
                                            .relay = relay_,
                                            .opened_ms = opened_ms_,
                                            .lasted = now - timers_.opened,
                                            .sequence = sequence_++});
  ticket_ = surroundings_.records->push(std::move(record), ticket_);
  timers_.interim = next_interim(snapshot_->document.usage.interim_interval, now);
}

void Session::on_closing() {
  timers_.closing_since = surroundings_.wheel.now();
  arm();
}

void Session::on_congested() {
  const milliseconds now = surroundings_.wheel.now();
  const auto begin = [now](const Relay::Leg& leg, std::unique_ptr<Timers::Stall>& stall) {
    if (stall || !leg.stream || !leg.stream->congested()) return;
    stall = std::make_unique<Timers::Stall>(Timers::Stall{
        .since = now, .checked = now, .taken = leg.submitted - leg.stream->unacknowledged()});
  };
  begin(relay_.client(), timers_.client_stall);
  begin(relay_.origin(), timers_.origin_stall);
  arm();
}

void Session::on_relay_ended() {
  surroundings_.wheel.clear(*this);
  const milliseconds now = surroundings_.wheel.now();
  const SessionEnd end = relay_.end().value_or(SessionEnd{});
  counters_.active.subtract(1);
  counters_.closed[static_cast<size_t>(end.by)][static_cast<size_t>(end.cause)].add(1);
  surroundings_.book.set_now(now);
  meter_.close(end.cause);
  write_record(usage::Record::Kind::stop);
  surroundings_.figures.client_silence.observe(
      metrics::kSilenceBounds, static_cast<uint64_t>(relay_.client().longest_silence.count()));
  surroundings_.figures.session_duration.observe(
      metrics::kSessionBounds, static_cast<uint64_t>((now - timers_.opened).count()));
  write_close(surroundings_.scribe, identity_,
              {.domain = domain_.label,
               .relay = relay_,
               .opened = timers_.opened,
               .now = now,
               .reason = reason_ ? std::string_view(*reason_) : std::string_view()});
  surroundings_.table.retire(*this);
}

}  // namespace gateway::session
