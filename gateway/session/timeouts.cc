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
  Earliest earliest({timers.closing_since + settings.close_timeout, Act::close_unanswered});
  for (const Relay::Leg* leg : {&relay.client(), &relay.origin()}) {
    if (const auto due = unsent_close_due(settings, *leg))
      earliest.consider(*due, Act::close_unsent);
  }
  return earliest.get();
}

void consider_keepalive(const config::Keepalive& keepalive, const Relay& relay,
                        const Timers& timers, Earliest& earliest) {
  if (!keepalive.interval) return;
  if (relay.awaiting_pong()) {
    earliest.consider(timers.pinged + keepalive.timeout, Act::pong_missing);
  } else {
    earliest.consider(std::max(timers.pinged + *keepalive.interval, timers.ping_retry), Act::ping);
  }
}

}  // namespace

std::optional<milliseconds> unsent_close_due(const config::WebSocket& settings,
                                             const Relay::Leg& leg) {
  if (!leg.close_is_ours || !leg.stream || !leg.stream->congested()) return std::nullopt;
  // Nothing is sent after a Close, so the last that was sent is the Close.
  return leg.sent + settings.abnormal_close_send_timeout;
}

Due next_due(const config::WebSocket& settings, const Relay& relay, const Timers& timers) {
  if (relay.closing()) return closing_due(settings, relay, timers);
  const Relay::Leg& client = relay.client();
  const Relay::Leg& origin = relay.origin();
  Earliest earliest(
      {std::max(client.received, origin.received) + settings.connection_timeout + kGrace,
       Act::idle});
  earliest.consider(client.received, settings.read_idle.client, Act::client_idle);
  earliest.consider(origin.received, settings.read_idle.origin, Act::origin_idle);
  earliest.consider(client.sent, settings.write_idle.client, Act::client_idle);
  earliest.consider(origin.sent, settings.write_idle.origin, Act::origin_idle);
  earliest.consider(timers.interim, Act::interim);
  earliest.consider(timers.lifetime_ends, Act::lifetime);
  consider_keepalive(settings.keepalive, relay, timers, earliest);
  if (settings.send_stall_timeout) {
    if (timers.client_stall)
      earliest.consider(timers.client_stall->checked + kStallCheck, Act::look_at_client);
    if (timers.origin_stall)
      earliest.consider(timers.origin_stall->checked + kStallCheck, Act::look_at_origin);
  }
  return earliest.get();
}

}  // namespace gateway::session
