#include "gateway/session/record.h"

#include <algorithm>

#include "gateway/log/json_line.h"
#include "proto/base/encoding.h"

namespace gateway::session {

namespace {

bool has_proxy(const Identity& identity) {
  return identity.seldom && identity.seldom->proxy.known();
}

std::string proxy_ip(const Identity& identity) {
  return has_proxy(identity) ? identity.seldom->proxy.host() : std::string();
}

void begin(log::JsonLine& line, std::string_view event, const Scribe& scribe,
           const Identity& identity, std::string_view domain) {
  const int64_t now = unix_milliseconds();
  line.text("event", event).number("unixtime", now / 1000).number("unixtime_ms", now);
  const std::string id = to_string(identity.id);
  line.text("node", scribe.node).text("boot_id", scribe.boot_id);
  line.text("session_id", id).text("uuid", id);
  line.text("domain", domain.empty() ? config::kUnmatched : domain);
  line.text("scheme", identity.client_tls ? "wss" : "ws");
  line.text_if("uri", identity.path);
  const std::string client = identity.client.host();
  const std::string proxy = proxy_ip(identity);
  line.text("client_ip", client).number("remote_port", identity.client.port());
  line.text_if("proxy_ip", proxy).text("remote_ip", proxy.empty() ? client : proxy);
}

// By DCDN's names of its real-time log; without the query, which may hold secrets.
void tell_referer(log::JsonLine& line, std::string_view referer) {
  if (referer.empty()) return;
  const size_t scheme = referer.find("://");
  if (scheme == std::string_view::npos) return;
  line.text("refer_protocol", referer.substr(0, scheme));
  std::string_view rest = referer.substr(scheme + 3);
  rest = rest.substr(0, rest.find_first_of("?#"));
  const size_t path = std::min(rest.find('/'), rest.size());
  line.text("refer_domain", rest.substr(0, path)).text_if("refer_uri", rest.substr(path));
}

// Likewise: what the client has sent and got in all, from its request on.
struct Sizes {
  uint64_t request = 0;
  uint64_t response = 0;
  uint64_t body = 0;
};
void tell_sizes(log::JsonLine& line, milliseconds time, const Sizes& sizes) {
  line.number("request_time", time.count())
      .count("request_size", sizes.request)
      .count("response_size", sizes.response)
      .count("body_bytes_sent", sizes.body);
}

log::DcdnRequest dcdn_request(const Identity& identity, const HandshakeStory& story) {
  return {.referer = story.referer,
          .method = story.method,
          .scheme = identity.client_tls ? "https" : "http",
          .host = story.host,
          .path = identity.path,
          .user_agent = story.user_agent};
}

// Whose connection it was, as text.
struct Peers {
  explicit Peers(const Identity& identity)
      : client(identity.client.host()), proxy(proxy_ip(identity)) {}
  std::string client;
  std::string proxy;
};

log::DcdnEnd dcdn_end(const Peers& peers, int code, milliseconds time, const Sizes& sizes) {
  return {.unix_seconds = unix_milliseconds() / 1000,
          .client_ip = peers.client,
          .proxy_ip = peers.proxy,
          .response = time,
          .code = code,
          .request_bytes = sizes.request,
          .response_bytes = sizes.response,
          .hit = "MISS",
          .content_type = {}};
}

bool is_dcdn(const Scribe& scribe) { return scribe.format == config::AccessLog::Format::dcdn; }

void tell_tls(log::JsonLine& line, std::string_view version, std::string_view cipher,
              std::string_view server_name, bool resumed) {
  line.text_if("tls_version", version).text_if("tls_cipher", cipher).text_if("sni", server_name);
  if (!version.empty()) line.flag("tls_resumed", resumed);
}

void tell(log::JsonLine& line, const Scribe& scribe, const HandshakeStory& story) {
  if (scribe.query && !story.query.empty())
    line.text_if("uri_param", scribe.query->apply(story.query));
  line.text_if("method", story.method)
      .text_if("http_version", story.http_version)
      .text_if("host", story.host);
  line.text_if("origin_header", story.origin_header).text_if("user_agent", story.user_agent);
  tell_referer(line, story.referer);
  line.text_if("xforwordfor", story.forwarded_for).text_if("via_info", story.via);
  line.text("listener", story.listener)
      .text("server_addr", story.server.host())
      .number("server_port", story.server.port());
  line.text_if("traceparent", story.traceparent);
  tell_tls(line, story.tls_version, story.tls_cipher, story.sni, story.tls_resumed);
  line.number("return_code", story.status).number("handshake_ms", story.handshake.count());
  if (story.retries > 0) line.number("retries", story.retries);
  line.text_if("origin_setbacks", story.setbacks);
  line.count("config_generation", story.generation);
}

void tell_origin(log::JsonLine& line, const Identity& identity) {
  if (!identity.origin.known()) return;
  line.text("origin_addr", identity.origin.to_string())
      .text("origin_scheme", identity.origin_tls ? "https" : "http");
}

void tell_direction(log::JsonLine& line, std::string_view suffix, const proto::ws::Counts& counts) {
  const auto name = [suffix](std::string_view what) {
    return std::string(what) + std::string(suffix);
  };
  line.count(name("payload"), counts.payload_bytes)
      .count(name("msgs"), counts.text_messages + counts.binary_messages);
  line.count(name("pings"), counts.ping_frames).count(name("pongs"), counts.pong_frames);
  line.count(name("max_msg"), counts.largest_message);
}

// A code that a peer has really sent; 1006 stands for "none", and is never on the wire.
void tell_code(log::JsonLine& line, std::string_view name, CloseCode code) {
  if (code != CloseCode::abnormal) line.number(name, static_cast<int64_t>(code));
}

// The last gap included, up to where the session began to close.
milliseconds longest_silence(const Leg& leg, milliseconds closing_since) {
  return std::max(leg.ledger.longest_silence(), closing_since - leg.ledger.received());
}

// How the way was, once it was open.
void tell_way(log::JsonLine& line, const Closed& closed) {
  if (const auto first = closed.relay.first_from_origin(closed.opened))
    line.number("first_byte_ms", first->count());
  if (closed.rtt_ms != kNoPong) line.count("rtt_ms", closed.rtt_ms);
  const Rare* rare = closed.relay.rare();
  const Strain strain = rare != nullptr ? rare->strain : Strain();
  const auto paused = [&strain](Side side) { return strain.paused_for(index(side)).count(); };
  const int64_t client = paused(Side::client);
  const int64_t origin = paused(Side::origin);
  line.number("paused_ms", client + origin);
  if (client > 0) line.number("paused_client_ms", client);
  if (origin > 0) line.number("paused_origin_ms", origin);
  line.count("peak_buffer", strain.peak());
  if (rare == nullptr || !rare->tls) return;
  const Rare::Tls& tls = *rare->tls;
  tell_tls(line, tls.version, tls.cipher, tls.server_name, tls.resumed);
}

// In the words of whoever ended it.
std::string reason_of(const Closed& closed, const SessionEnd& end) {
  if (!closed.reason.empty()) return std::string(closed.reason);
  const bool client = end.by == outcome::By::client;
  const Leg& leg = client ? closed.relay.client() : closed.relay.origin();
  return leg.close_reason();
}

}  // namespace

int64_t unix_milliseconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<milliseconds>(now).count();
}

SessionId new_session_id() {
  SessionId id{};
  proto::random_bytes(id);
  return id;
}

std::string to_string(const SessionId& id) { return proto::to_hex(id); }

void keep_opening(const Scribe& scribe, Identity& identity, const HandshakeStory& story) {
  if (scribe.access == nullptr || !is_dcdn(scribe)) return;
  identity.make_seldom().dcdn =
      std::make_unique<log::DcdnOpening>(dcdn_opening(dcdn_request(identity, story)));
}

void write_open(const Scribe& scribe, const Identity& identity, const HandshakeStory& story) {
  if (scribe.access == nullptr || is_dcdn(scribe)) return;
  log::JsonLine line;
  begin(line, "open", scribe, identity, story.domain);
  tell(line, scribe, story);
  line.text_if("subprotocol", story.subprotocol).text_if("extensions", story.extensions);
  tell_origin(line, identity);
  line.number("origin_connect_ms", story.origin_connect.count());
  scribe.write(line.take());
}

void write_refused(const Scribe& scribe, const Identity& identity, const HandshakeStory& story,
                   const Refusal& refusal) {
  if (scribe.access == nullptr) return;
  const Sizes sizes{identity.handshake_in, identity.handshake_out, 0};
  if (is_dcdn(scribe)) {
    scribe.write(dcdn_line(dcdn_opening(dcdn_request(identity, story)),
                           dcdn_end(Peers(identity), story.status, story.handshake, sizes)));
    return;
  }
  log::JsonLine line;
  begin(line, "refused", scribe, identity, story.domain);
  tell(line, scribe, story);
  tell_origin(line, identity);
  line.text("close_initiator", to_string(refusal.by)).text("close_cause", to_string(refusal.cause));
  line.text("close_stage", to_string(refusal.stage))
      .text("term", outcome::termination(refusal.by, refusal.stage));
  line.text("error", refusal.error).text_if("error_detail", refusal.detail);
  tell_sizes(line, story.handshake, sizes);
  scribe.write(line.take());
}

void write_close(const Scribe& scribe, const Identity& identity, const Closed& closed) {
  if (scribe.access == nullptr) return;
  const Leg& client = closed.relay.client();
  const Leg& origin = closed.relay.origin();
  const SessionEnd end = closed.relay.end().value_or(SessionEnd{});
  const milliseconds lasted = closed.now - closed.opened;
  const Sizes sizes{identity.handshake_in + client.ledger.bytes_in(),
                    identity.handshake_out + client.ledger.taken(), client.ledger.taken()};
  if (is_dcdn(scribe)) {
    const bool kept = identity.seldom && identity.seldom->dcdn;
    scribe.write(dcdn_line(kept ? *identity.seldom->dcdn : log::DcdnOpening{},
                           dcdn_end(Peers(identity), 101, lasted, sizes)));
    return;
  }
  log::JsonLine line;
  begin(line, "close", scribe, identity, closed.domain);
  tell_origin(line, identity);
  line.number("return_code", 101).number("duration_ms", lasted.count());
  tell_sizes(line, lasted, sizes);
  line.text("close_initiator", to_string(end.by)).text("close_cause", to_string(end.cause));
  line.text("close_stage", to_string(end.stage))
      .text("term", outcome::termination(end.by, end.stage));
  line.text("close_stage_client", to_string(client.stage))
      .text("close_stage_origin", to_string(origin.stage))
      .number("close_code", static_cast<int64_t>(end.code));
  tell_code(line, "close_code_client", client.close_code());
  tell_code(line, "close_code_origin", origin.close_code());
  line.text_if("close_reason", reason_of(closed, end));
  line.count("client_bytes_in", client.ledger.bytes_in())
      .count("client_bytes_out", client.ledger.taken());
  line.count("origin_bytes_in", origin.ledger.bytes_in())
      .count("origin_bytes_out", origin.ledger.taken());
  if (const uint32_t undelivered = closed.relay.undelivered(); undelivered > 0)
    line.count("client_undelivered_out", undelivered);
  tell_direction(line, "_in", client.scanner.counts());
  tell_direction(line, "_out", origin.scanner.counts());
  line.number("longest_client_silence_ms", longest_silence(client, closed.closing_since).count());
  line.number("longest_origin_silence_ms", longest_silence(origin, closed.closing_since).count());
  line.number("last_client_ms", (closed.now - client.ledger.received()).count());
  line.number("last_origin_ms", (closed.now - origin.ledger.received()).count());
  tell_way(line, closed);
  scribe.write(line.take());
}

}  // namespace gateway::session
