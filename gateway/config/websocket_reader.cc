#include "gateway/config/domain_reader.h"

namespace gateway::config {

namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;

constexpr TimeRange kIdle = {1s, 30 * 24h};
constexpr TimeRange kClose = {100ms, 300s};
constexpr TimeRange kAbnormalClose = {1ms, 10s};
constexpr TimeRange kSendStall = {100ms, 1h};
constexpr TimeRange kPingInterval = {1s, 24h};
constexpr TimeRange kPongTimeout = {100ms, 5min};
constexpr TimeRange kLifetime = {1s, 365 * 24h};
constexpr Range kMessage = {125, 1'073'741'824};

void read_per_leg(const Section& section, std::string_view key, PerLeg& legs) {
  auto below = section.section(key);
  if (!below) return;
  below->duration("client", legs.client, kIdle, Off::not_positive);
  below->duration("origin", legs.origin, kIdle, Off::not_positive);
}

}  // namespace

void read_websocket(const Section& section, WebSocket& websocket) {
  section.boolean("enabled", websocket.enabled);
  section.duration("connection_timeout", websocket.connection_timeout, kIdle);
  section.duration("client_timeout", websocket.client_timeout, kIdle, Off::word);
  section.duration("origin_timeout", websocket.origin_timeout, kIdle, Off::word);
  read_per_leg(section, "read_idle", websocket.read_idle);
  read_per_leg(section, "write_idle", websocket.write_idle);
  if (auto keepalive = section.section("keepalive")) {
    keepalive->duration("interval", websocket.keepalive.interval, kPingInterval, Off::word);
    keepalive->duration("timeout", websocket.keepalive.timeout, kPongTimeout);
  }
  if (auto lifetime = section.section("max_lifetime")) {
    lifetime->duration("after", websocket.max_lifetime.after, kLifetime, Off::word);
    lifetime->percent("jitter", websocket.max_lifetime.jitter_percent, {0, 50});
  }
  section.duration("send_stall_timeout", websocket.send_stall_timeout, kSendStall, Off::minus_one);
  section.duration_or_default("close_timeout", websocket.close_timeout, kClose);
  section.duration_or_default("abnormal_close_send_timeout", websocket.abnormal_close_send_timeout,
                              kAbnormalClose);
  if (auto message = section.section("max_message")) {
    message->size("text", websocket.max_message.text, kMessage);
    message->size("binary", websocket.max_message.binary, kMessage);
  }
  section.choice("on_disable", websocket.on_disable, kOnDisable);
}

}  // namespace gateway::config
