#include "gateway/session/session.h"

#include <algorithm>
#include <array>

#include "gateway/session/accounting.h"
#include "proto/base/encoding.h"

namespace gateway::session {

namespace {

// A client whose bytes come this shortly before the timeout will miss it one day.
constexpr milliseconds kSlowHeartbeat{5000};

// A ping that has no place among the frames, or no room, is tried again.
constexpr milliseconds kPingRetry{100};

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

std::string size_text(size_t bytes) {
  if (bytes < 1024) return std::to_string(bytes) + " bytes";
  return std::to_string(bytes / 1024) + " KiB";
}

}  // namespace

Session::Session(const WorkerContext& context, Opening opening)
    : context_(context),
      domain_(std::move(opening.domain)),
      identity_(std::move(opening.identity)),
      relay_(std::move(opening.streams),
             {.permessage_deflate = opening.permessage_deflate,
              .limits = limits_of(opening.route.websocket->max_message)},
             Tally(meter(),
                   domain_->traffic_of(opening.route, opening.in_use.backend(), context.worker)),
             context.wheel, *this),
      route_(static_cast<uint16_t>(&opening.route - domain_->routes.data())),
      pass_(std::move(opening.pass)),
      in_use_(std::move(opening.in_use)),
      opened_ms_(unix_milliseconds()) {
  static_assert(sizeof(Session) <= 792, "an idle session costs this and its two streams");
  timers_.opened = timers_.pinged = context.wheel.now();
  timers_.lifetime_ends = lifetime_end(settings().max_lifetime, timers_.opened);
  counters().active.add(1);
  context.book.set_now(timers_.opened);
  meter().open(identity_.client_tls);
  write_record(usage::Record::Kind::start);
}

void Session::start(Bytes from_client, Bytes from_origin) {
  if (const auto limit = settings().send_stall_timeout) {
    relay_.client().stream->expect_acknowledgement_within(*limit);
    relay_.origin().stream->expect_acknowledgement_within(*limit);
  }
  arm();
  relay_.start(from_client, from_origin);
}

void Session::arm() { context_.wheel.set(*this, next_due(settings(), relay_, timers_).when); }

void Session::on_deadline(milliseconds now) {
  const Due due = next_due(settings(), relay_, timers_);
  if (due.when <= now) act(due.act, now);
  if (relay_.client().stream || relay_.origin().stream) arm();
}

void Session::act(Act what, milliseconds now) {
  const config::WebSocket& settings = this->settings();
  switch (what) {
    case Act::idle:
      if (relay_.client().ledger.longest_silence() + kSlowHeartbeat >=
          settings.connection_timeout) {
        counters().slow_heartbeats.add(1);
      }
      decide({.cause = Cause::idle_timeout,
              .to_client = CloseCode::going_away,
              .to_origin = CloseCode::going_away,
              .reason = {}},
             "idle timeout " + in_seconds(settings.connection_timeout));
      // Neither bytes nor the answer to our ping: it would not answer the Close either.
      if (relay_.awaiting_pong()) relay_.cut(relay_.client());
      return;
    case Act::client_read_idle:
      end_silent(Cause::client_idle, Side::client,
                 "read idle timeout " + in_seconds(*settings.read_idle.client));
      return;
    case Act::client_write_idle:
      end_silent(Cause::client_idle, Side::origin,
                 "write idle timeout " + in_seconds(*settings.write_idle.client));
      return;
    case Act::origin_read_idle:
      end_silent(Cause::origin_idle, Side::origin,
                 "read idle timeout " + in_seconds(*settings.read_idle.origin));
      return;
    case Act::origin_write_idle:
      end_silent(Cause::origin_idle, Side::client,
                 "write idle timeout " + in_seconds(*settings.write_idle.origin));
      return;
    case Act::lifetime:
      close(Cause::max_lifetime, CloseCode::going_away, "maximum lifetime reached");
      return;
    case Act::ping:
      ping(now);
      return;
    case Act::pong_missing:
      miss_pong(now);
      return;
    case Act::look_at_client:
      look_at(relay_.client(), now);
      return;
    case Act::look_at_origin:
      look_at(relay_.origin(), now);
      return;
    case Act::interim:
      relay_.account_packets();
      write_record(usage::Record::Kind::interim);
      return;
    case Act::close_waits:
      relay_.end_waiting();
      return;
    case Act::close_unsent:
      give_up_unsent(now);
      return;
    case Act::close_unanswered:
      give_up_unanswered(now);
      return;
  }
}

// A direction was silent: a frame that stands half relayed in it will hardly end, one in
// the other direction may.
void Session::end_silent(Cause cause, Side silent, std::string reason) {
  decide({.cause = cause,
          .to_client = CloseCode::going_away,
          .to_origin = CloseCode::going_away,
          .reason = {},
          .client_may_wait = silent != Side::origin,
          .origin_may_wait = silent != Side::client},
         std::move(reason));
}

void Session::ping(milliseconds now) {
  const Leg& client = relay_.client();
  const size_t ahead = client.stream ? client.stream->unacknowledged() : 0;
  if (!relay_.ping()) {
    ping_put_off_ = true;
    timers_.pinged = now + kPingRetry - *settings().keepalive.interval;
    return;
  }
  ping_put_off_ = false;
  timers_.pinged = now;
  if (relay_.rare() != nullptr) relay_.rare()->queued_ping.reset();
  const auto peer = ahead > 0 ? client.stream->peer_state() : std::nullopt;
  if (peer) relay_.make_rare().queued_ping = {.progress = now, .acknowledged = peer->acknowledged};
}

// A ping that stands behind megabytes on a slow line is answered when they have gone.
void Session::miss_pong(milliseconds now) {
  Leg& client = relay_.client();
  Rare* const rare = relay_.rare();
  const bool queued = rare != nullptr && rare->queued_ping && rare->queued_ping->more;
  const auto peer = queued ? client.stream->peer_state() : std::nullopt;
  if (peer && peer->acknowledged != rare->queued_ping->acknowledged) {
    rare->queued_ping = {.progress = now,
                         .acknowledged = peer->acknowledged,
                         .more = client.stream->unacknowledged() > 0};
    return;
  }
  decide({.cause = Cause::pong_timeout,
          .to_client = CloseCode::going_away,
          .to_origin = CloseCode::going_away,
          .reason = {}},
         "no pong within " + in_seconds(settings().keepalive.timeout));
  // It would not answer the Close either.
  relay_.cut(client);
}

// `closing.reason` is what the peers are told, if that is not the reason of the log.
void Session::decide(Relay::Closing closing, std::string reason) {
  Rare& rare = relay_.make_rare();
  rare.reason = std::move(reason);
  if (closing.reason.empty()) closing.reason = rare.reason;
  if (closing.until == milliseconds{0})
    closing.until = context_.wheel.now() + settings().close_timeout;
  relay_.close(closing);
}

void Session::close(Cause cause, CloseCode code, std::string_view reason,
                    std::optional<milliseconds> until) {
  if (relay_.closing()) return;
  decide({.cause = cause,
          .to_client = code,
          .to_origin = code,
          .reason = {},
          .client_may_wait = true,
          .origin_may_wait = true,
          .until = until.value_or(milliseconds{0})},
         std::string(reason));
}

void Session::abort() {
  relay_.cut(relay_.client());
  relay_.cut(relay_.origin());
}

// A no-progress timer: whoever takes even a byte now and then is slow, but not stalled.
void Session::look_at(Leg& leg, milliseconds now) {
  std::optional<Rare::Stall>& watch = relay_.make_rare().stalls[index(leg.side())];
  if (!leg.stream || !leg.stream->congested()) {
    watch.reset();
    return;
  }
  Rare::Stall& stall = *watch;
  stall.checked = now;
  // Bytes that the peer has acknowledged; modulo 2^64, since TLS holds more than was submitted.
  const uint64_t taken = leg.ledger.submitted() - leg.stream->unacknowledged();
  if (taken != stall.taken) {
    stall.taken = taken;
    stall.since = now;
    return;
  }
  if (now - stall.since < *settings().send_stall_timeout) return;
  end_stalled(leg);
}

void Session::on_unacknowledged(Leg& leg) {
  // Without the limit the kernel has waited by its own.
  if (!relay_.closing() && settings().send_stall_timeout) end_stalled(leg);
}

void Session::end_stalled(Leg& leg) {
  const milliseconds limit = *settings().send_stall_timeout;
  const bool client = leg.side() == Side::client;
  const CloseCode code = client ? CloseCode::going_away : CloseCode::internal_error;
  std::string reason = std::string(client ? "client: " : "origin: ") + "no byte taken for " +
                       in_seconds(limit) + ", " + size_text(leg.stream->unacknowledged()) +
                       " queued";
  if (const auto peer = leg.stream->peer_state()) {
    // While a window is shut the kernel probes it, ever more rarely, but more than once in the
    // second half of the time or just before it.
    const bool answers = peer->last_heard < limit * 3 / 4;
    reason += answers ? ", the peer answers" : ", nothing heard from the peer";
  }
  // First, since no Close would reach it.
  relay_.cut(leg);
  decide({.cause = Cause::slow_consumer,
          .to_client = code,
          .to_origin = code,
          .reason = client ? "client does not read" : "origin does not read"},
         std::move(reason));
}

void Session::give_up_unsent(milliseconds now) {
  for (Leg* leg : {&relay_.client(), &relay_.origin()}) {
    const auto due = unsent_close_due(settings(), relay_, *leg);
    if (due && *due <= now) relay_.cut(*leg);
  }
}

void Session::give_up_unanswered(milliseconds now) {
  for (Leg* leg : {&relay_.client(), &relay_.origin()}) {
    if (!leg->close_due() && close_ends(settings(), relay_, timers_, *leg) <= now) relay_.cut(*leg);
  }
}

void Session::write_record(usage::Record::Kind kind) {
  if (context_.records == nullptr) return;
  const milliseconds now = context_.wheel.now();
  usage::Record record = make_record(kind, {.identity = identity_,
                                            .domain = domain_->label,
                                            .relay = relay_,
                                            .opened_ms = opened_ms_,
                                            .lasted = now - timers_.opened,
                                            .connected = ended_at(now) - timers_.opened,
                                            .sequence = sequence_++});
  ticket_ = context_.records->push(std::move(record), ticket_);
  timers_.interim = next_interim(context_.interim, now);
}

void Session::on_pong() {
  if (!ping_put_off_)
    rtt_ms_ = static_cast<uint32_t>((context_.wheel.now() - timers_.pinged).count());
  arm();
}

void Session::on_closing() {
  timers_.closing_since = context_.wheel.now();
  end_connection_time(relay_.end()->cause);
  arm();
}

void Session::on_waited(bool given) {
  if (given) arm();  // from now on its answer is waited for
  context_.figures.waited_closes[static_cast<size_t>(relay_.end()->cause)][given ? 0 : 1].add(1);
}

// Connection time ends with the first Close or loss: the rest is not the peers' use of it.
void Session::end_connection_time(Cause cause) {
  context_.book.set_now(context_.wheel.now());
  meter().close(cause);
}

void Session::on_congested() {
  const milliseconds now = context_.wheel.now();
  for (const Leg* leg : {&relay_.client(), &relay_.origin()}) {
    std::optional<Rare::Stall>& stall = relay_.make_rare().stalls[index(leg->side())];
    if (stall || !leg->stream || !leg->stream->congested()) continue;
    stall = {.since = now,
             .checked = now,
             .taken = leg->ledger.submitted() - leg->stream->unacknowledged()};
  }
  arm();
}

void Session::on_relay_ended() {
  context_.wheel.clear(*this);
  const milliseconds now = context_.wheel.now();
  const SessionEnd end = relay_.end().value_or(SessionEnd{});
  counters().active.subtract(1);
  counters().closed[static_cast<size_t>(end.by)][static_cast<size_t>(end.cause)].add(1);
  if (!relay_.closing()) end_connection_time(end.cause);
  write_record(usage::Record::Kind::stop);
  context_.figures.client_silence.observe(
      metrics::kSilenceBounds,
      static_cast<uint64_t>(relay_.client().ledger.longest_silence().count()));
  context_.figures.session_duration.observe(metrics::kSessionBounds,
                                            static_cast<uint64_t>((now - timers_.opened).count()));
  write_close(context_.scribe, identity_,
              {.domain = domain_->label,
               .relay = relay_,
               .opened = timers_.opened,
               .now = now,
               .closing_since = ended_at(now),
               .rtt_ms = rtt_ms_,
               .reason = relay_.rare() != nullptr ? relay_.rare()->reason : std::string_view()});
  context_.table.retire(*this);
}

}  // namespace gateway::session
