#include "gateway/edge/handshake_log.h"

#include <string_view>

namespace gateway::edge {

session::HandshakeStory story_of(const Request& request, const net::tls::TlsStream* tls) {
  session::HandshakeStory told;
  told.domain =
      request.domain != nullptr ? std::string_view(request.domain->label) : std::string_view();
  told.method = request.head.method;
  if (request.head.text) {
    told.host = request.head.fields.first("Host").value_or("");
    told.user_agent = request.head.fields.first("User-Agent").value_or("");
    told.origin_header = request.head.fields.first("Origin").value_or("");
    told.referer = request.head.fields.first("Referer").value_or("");
    told.forwarded_for = request.head.fields.first("X-Forwarded-For").value_or("");
    told.query = request.target.query;
    told.traceparent = request.head.fields.first("traceparent").value_or("");
    told.via = request.head.fields.first("Via").value_or("");
    told.http_version = request.head.minor_version == 1 ? "1.1" : "1.0";
  }
  if (tls == nullptr) return told;
  const net::tls::Facts facts = tls->facts();
  told.tls_version = facts.version_name;
  told.tls_cipher = facts.cipher;
  told.sni = facts.server_name;
  told.tls_resumed = facts.resumed;
  return told;
}

void bill_handshake(usage::meter::Meter& meter, const Request& request, size_t asked,
                    size_t answered) {
  using usage::Field;
  const bool upgrade = request.head.text && proto::ws::asks_for_upgrade(request.head);
  meter.add(upgrade ? Field::client_handshake_in : Field::client_http_in, asked);
  meter.add(upgrade ? Field::client_handshake_out : Field::client_http_out, answered);
}

void count_tls(metrics::Listener& counters, const net::tls::TlsStream& tls) {
  const net::tls::Facts facts = tls.facts();
  const size_t version = facts.version == net::tls::Version::tls1_3 ? 1 : 0;
  counters.tls[version][facts.resumed ? 1 : 0].add(1);
}

}  // namespace gateway::edge
