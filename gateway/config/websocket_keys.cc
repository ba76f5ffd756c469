// The keys below `websocket:`.
#include "gateway/config/key.h"
#include "gateway/config/keys.h"

namespace gateway::config {

namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""h;

constexpr Duration kIdle{1s, 30 * 24h};
constexpr Duration kIdleOrOff{1s, 30 * 24h, Off::word};
constexpr Duration kLegIdle{1s, 30 * 24h, Off::not_positive};
constexpr Size kMessage{125, 1'073'741'824};

constexpr Field kPerLegKeys[] = {
    key<&PerLeg::client>("client", kLegIdle, "For the client."),
    key<&PerLeg::origin>("origin", kLegIdle, "For the origin."),
};

constexpr Field kKeepaliveKeys[] = {
    key<&Keepalive::interval>("interval", Duration{1s, 24h, Off::word}, "Between two pings.",
                              {.also = "ping_interval"}),
    key<&Keepalive::timeout>("timeout", Duration{100ms, 5min},
                             "The answer must be back, or bytes must move.",
                             {.also = "ping_timeout"}),
};

constexpr Field kMaxLifetimeKeys[] = {
    key<&MaxLifetime::after>("after", Duration{1s, 365 * 24h, Off::word},
                             "The age at which a session ends."),
    key<&MaxLifetime::jitter_percent>("jitter", Percent{0, 50},
                                      "Taken off at random, so that sessions do not end together."),
};

constexpr Field kMaxMessageKeys[] = {
    key<&MaxMessage::text>("text", kMessage, "Of a text message."),
    key<&MaxMessage::binary>("binary", kMessage, "Of a binary message."),
};

constexpr Field kWebSocketKeys[] = {
    key<&WebSocket::enabled>("enabled", Switch{},
                             "Where it is false a WebSocket handshake is answered 403, and never "
                             "passed on as a plain request."),
    key<&WebSocket::connection_timeout>(
        "connection_timeout", kIdle,
        "B: no byte from either side for this long ends a session. Pings count. Clients should "
        "ping at least this often, and the origin wait at least this long: A <= B <= C.",
        {.also = "idle_timeout timeout proxy_read_timeout"}),
    key<&WebSocket::client_timeout>(
        "client_timeout", kIdleOrOff,
        "A: what the clients use; only to be warned when the order is wrong."),
    key<&WebSocket::origin_timeout>(
        "origin_timeout", kIdleOrOff,
        "C: what the origin uses; only to be warned when the order is wrong."),
    key<&WebSocket::read_idle>("read_idle", Sub{}, "Nothing received from that side for so long."),
    key<&WebSocket::write_idle>("write_idle", Sub{}, "Nothing sent to that side for so long."),
    key<&WebSocket::keepalive>("keepalive", Sub{},
                               "Pings from Weir to the client, which keep the session alive when "
                               "the answer comes.",
                               {.also = "heartbeat"}),
    key<&WebSocket::max_lifetime>("max_lifetime", Sub{},
                                  "Ends sessions by their age, so that clients come back to a new "
                                  "node or a new configuration.",
                                  {.also = "max_age"}),
    key<&WebSocket::send_stall_timeout>(
        "send_stall_timeout", Duration{100ms, 1h, Off::minus_one},
        "A side that takes no byte for this long while some wait is cut. A slow reader needs its "
        "receive buffer divided by what it reads a second.",
        {.also = "send_stall send_timeout proxy_send_timeout"}),
    key<&WebSocket::close_timeout>(
        "close_timeout", Duration{100ms, 300s, Off::ignored},
        "For the end of a frame before a Close of ours, and then for its answer. What is not "
        "positive is ignored with a warning, as in Tomcat."),
    key<&WebSocket::abnormal_close_send_timeout>(
        "abnormal_close_send_timeout", Duration{1ms, 10s, Off::ignored},
        "For the Close that tells of an error to be taken. What is not positive is ignored with a "
        "warning."),
    key<&WebSocket::max_message>(
        "max_message", Sub{},
        "Bytes of one whole message as it is sent, compressed or not; beyond it 1009 to its "
        "sender.",
        {.also = "max_message_size"}),
    key<&WebSocket::on_disable>(
        "on_disable", OneOf{},
        "Open sessions when a reload sets enabled: false. drain: a Close for each, in turn.",
        {.effect = Effect::live}),
    key<&WebSocket::require_tls>("require_tls", Switch{},
                                 "A handshake of a client without TLS is answered 403: browsers "
                                 "follow no redirect there."),
};

}  // namespace

Table keys(Of<PerLeg>) { return table_of<PerLeg>(kPerLegKeys, Layout::line); }
Table keys(Of<Keepalive>) { return table_of<Keepalive>(kKeepaliveKeys, Layout::line); }
Table keys(Of<MaxLifetime>) { return table_of<MaxLifetime>(kMaxLifetimeKeys, Layout::line); }
Table keys(Of<MaxMessage>) { return table_of<MaxMessage>(kMaxMessageKeys, Layout::line); }
Table keys(Of<WebSocket>) { return table_of<WebSocket>(kWebSocketKeys); }

}  // namespace gateway::config
