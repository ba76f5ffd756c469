#include "gateway/session/timeouts.h"

#include <algorithm>

namespace gateway::session {

namespace {

class Earliest {
 public:
  explicit Earliest(Due first) : due_(first) {}
  void consider(milliseconds when, Act act) {
    if (when < due_.when) due_ = {when, act};
  }
  void consider(milliseconds since, std::optional<milliseconds> limit, Act act) {
    if (limit) consider(since + *limit + kGrace, act);
  }
  Due get() const { return due_; }

 private:
  Due due_;
};

Due closing_due(const config::WebSocket& settings, const Relay& relay, const Timers& timers) {
  Earliest earliest({kNever, Act::close_unanswered});
  for (const Leg* leg : {&relay.client(), &relay.origin()}) {
    if (leg->stream)
      earliest.consider(close_ends(settings, relay, timers, *leg),
                        leg->close_due() ? Act::close_waits : Act::close_unanswered);
    if (const auto due = unsent_close_due(settings, relay, *leg))
      earliest.consider(*due, Act::close_unsent);
  }
  return earliest.get();
}

void consider_keepalive(const config::Keepalive& keepalive, const Relay& relay,
                        const Timers& timers, Earliest& earliest) {
  if (!keepalive.interval) return;
  if (!relay.awaiting_pong()) {
    earliest.consider(timers.pinged + *keepalive.interval, Act::ping);
    return;
  }
  // A client that sends, or takes what stands before the ping, is alive.
  milliseconds alive = std::max(timers.pinged, relay.client().ledger.received());
  const Rare* const rare = relay.rare();
  if (rare != nullptr && rare->queued_ping) alive = std::max(alive, rare->queued_ping->progress);
  earliest.consider(alive + keepalive.timeout, Act::pong_missing);
}

void consider_stalls(const Relay& relay, Earliest& earliest) {
  const Rare* const rare = relay.rare();
  if (rare == nullptr) return;
  const auto& [client, origin] = rare->stalls;
  if (client) earliest.consider(client->checked + kStallCheck, Act::look_at_client);
  if (origin) earliest.consider(origin->checked + kStallCheck, Act::look_at_origin);
}

}  // namespace

std::optional<milliseconds> unsent_close_due(const config::WebSocket& settings, const Relay& relay,
                                             const Leg& leg) {
  if (!leg.close_is_ours() || !leg.stream || !leg.stream->congested()) return std::nullopt;
  const bool decided = relay.end()->by == By::gateway && relay.end()->cause != Cause::slow_consumer;
  if (decided) return std::nullopt;
  // Nothing is sent after a Close, so the last that was sent is the Close.
  return leg.ledger.sent() + settings.abnormal_close_send_timeout;
}

milliseconds close_ends(const config::WebSocket& settings, const Relay& relay, const Timers& timers,
                        const Leg& leg) {
  if (const auto waits = relay.waits_until(leg)) return *waits;
  const Leg& other = leg.side() == Side::client ? relay.origin() : relay.client();
  milliseconds given = timers.closing_since;
  for (const Leg* one : {&leg, &other}) {
    if (one->close_is_ours()) given = std::max(given, one->ledger.sent());
  }
  const milliseconds answered = given + settings.close_timeout;
  // Its answer stands behind the frame that the other one's Close waits for.
  return other.close_due() ? std::max(answered, *relay.waits_until(other)) : answered;
}

Due next_due(const config::WebSocket& settings, const Relay& relay, const Timers& timers) {
  if (relay.closing()) return closing_due(settings, relay, timers);
  const Leg& client = relay.client();
  const Leg& origin = relay.origin();
  Earliest earliest({std::max(client.ledger.received(), origin.ledger.received()) +
                         settings.connection_timeout + kGrace,
                     Act::idle});
  earliest.consider(client.ledger.received(), settings.read_idle.client, Act::client_read_idle);
  earliest.consider(origin.ledger.received(), settings.read_idle.origin, Act::origin_read_idle);
  earliest.consider(client.ledger.sent(), settings.write_idle.client, Act::client_write_idle);
  earliest.consider(origin.ledger.sent(), settings.write_idle.origin, Act::origin_write_idle);
  earliest.consider(timers.interim, Act::interim);
  earliest.consider(timers.lifetime_ends, Act::lifetime);
  consider_keepalive(settings.keepalive, relay, timers, earliest);
  if (settings.send_stall_timeout) consider_stalls(relay, earliest);
  return earliest.get();
}

}  // namespace gateway::session
