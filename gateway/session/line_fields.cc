#include "gateway/session/line_fields.h"

#include <algorithm>

#include "gateway/config/document.h"

namespace gateway::session {

namespace {

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

}  // namespace

void begin_line(log::JsonLine& line, const Scribe& scribe, const Subject& subject) {
  const int64_t now = unix_milliseconds();
  line.text("event", subject.event).number("unixtime", now / 1000).number("unixtime_ms", now);
  const std::string id = to_string(subject.id);
  line.text("node", scribe.node).text("boot_id", scribe.boot_id);
  line.text("session_id", id).text("uuid", id);
  line.text("domain", subject.domain.empty() ? config::kUnmatched : subject.domain);
  line.text("scheme", subject.scheme);
  line.text_if("uri", subject.path);
  const std::string client = subject.client.host();
  line.text("client_ip", client).number("remote_port", subject.client.port());
  if (!subject.proxy.known()) {
    line.text("remote_ip", client);
    return;
  }
  const std::string proxy = subject.proxy.host();
  line.text("proxy_ip", proxy).text("remote_ip", proxy);
}

void tell_request(log::JsonLine& line, const Scribe& scribe, const HandshakeStory& story) {
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
}

void tell_way(log::JsonLine& line, const HandshakeStory& story) {
  if (story.retries > 0) line.number("retries", story.retries);
  line.text_if("origin_setbacks", story.setbacks);
  if (story.sticky != outcome::Sticky::none) line.text("sticky", to_string(story.sticky));
  line.count("config_generation", story.generation);
}

void tell_origin(log::JsonLine& line, const net::Endpoint& origin, bool tls) {
  if (!origin.known()) return;
  line.text("origin_addr", origin.to_string()).text("origin_scheme", tls ? "https" : "http");
}

void tell_tls(log::JsonLine& line, std::string_view version, std::string_view cipher,
              std::string_view server_name, bool resumed) {
  line.text_if("tls_version", version).text_if("tls_cipher", cipher).text_if("sni", server_name);
  if (!version.empty()) line.flag("tls_resumed", resumed);
}

void tell_sizes(log::JsonLine& line, milliseconds time, const Sizes& sizes) {
  line.number("request_time", time.count())
      .count("request_size", sizes.request)
      .count("response_size", sizes.response)
      .count("body_bytes_sent", sizes.body);
}

bool is_dcdn(const Scribe& scribe) { return scribe.format == config::AccessLog::Format::dcdn; }

std::string dcdn_text(const log::DcdnOpening& opening, const DcdnFacts& facts) {
  const std::string client = facts.subject.client.host();
  const std::string proxy =
      facts.subject.proxy.known() ? facts.subject.proxy.host() : std::string();
  return dcdn_line(opening, {.unix_seconds = unix_milliseconds() / 1000,
                             .client_ip = client,
                             .proxy_ip = proxy,
                             .response = facts.time,
                             .code = facts.code,
                             .request_bytes = facts.sizes.request,
                             .response_bytes = facts.sizes.response,
                             .hit = "MISS",
                             .content_type = facts.content_type});
}

}  // namespace gateway::session
