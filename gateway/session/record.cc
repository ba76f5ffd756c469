#include "gateway/session/record.h"

#include <algorithm>

#include "gateway/log/json_line.h"
#include "gateway/session/line_fields.h"
#include "proto/base/encoding.h"

namespace gateway::session {

namespace {

Subject subject_of(std::string_view event, const Identity& identity, std::string_view domain) {
  return {.event = event,
          .id = identity.id,
          .domain = domain,
          .scheme = identity.client_tls ? "wss" : "ws",
          .path = identity.path,
          .client = identity.client,
          .proxy = identity.seldom ? identity.seldom->proxy : net::Endpoint()};
}

log::DcdnRequest dcdn_request(const Identity& identity, const HandshakeStory& story) {
  return {.referer = story.referer,
          .method = story.method,
          .scheme = identity.client_tls ? "https" : "http",
          .host = story.host,
          .path = identity.path,
          .user_agent = story.user_agent};
}

void tell_handshake(log::JsonLine& line, const Scribe& scribe, const HandshakeStory& story) {
  tell_request(line, scribe, story);
  line.number("return_code", story.status).number("handshake_ms", story.handshake.count());
  tell_way(line, story);
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

// How the session was, once it was open.
void tell_course(log::JsonLine& line, const Closed& closed) {
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
  begin_line(line, scribe, subject_of("open", identity, story.domain));
  tell_handshake(line, scribe, story);
  line.text_if("subprotocol", story.subprotocol).text_if("extensions", story.extensions);
  tell_origin(line, identity.origin, identity.origin_tls);
  line.number("origin_connect_ms", story.origin_connect.count());
  scribe.write(line.take());
}

void write_refused(const Scribe& scribe, const Identity& identity, const HandshakeStory& story,
                   const Refusal& refusal) {
  if (scribe.access == nullptr) return;
  const Sizes sizes{identity.handshake_in, identity.handshake_out, 0};
  const Subject subject = subject_of("refused", identity, story.domain);
  if (is_dcdn(scribe)) {
    scribe.write(dcdn_text(
        dcdn_opening(dcdn_request(identity, story)),
        {.subject = subject, .code = story.status, .time = story.handshake, .sizes = sizes}));
    return;
  }
  log::JsonLine line;
  begin_line(line, scribe, subject);
  tell_handshake(line, scribe, story);
  tell_origin(line, identity.origin, identity.origin_tls);
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
  const Subject subject = subject_of("close", identity, closed.domain);
  if (is_dcdn(scribe)) {
    const bool kept = identity.seldom && identity.seldom->dcdn;
    scribe.write(dcdn_text(kept ? *identity.seldom->dcdn : log::DcdnOpening{},
                           {.subject = subject, .code = 101, .time = lasted, .sizes = sizes}));
    return;
  }
  log::JsonLine line;
  begin_line(line, scribe, subject);
  tell_origin(line, identity.origin, identity.origin_tls);
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
  tell_course(line, closed);
  scribe.write(line.take());
}

}  // namespace gateway::session
