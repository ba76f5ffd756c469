#include "gateway/session/accounting.h"

#include "gateway/session/usage_fields.h"

namespace gateway::session {

using usage::Field;
using usage::SessionTotals;

namespace {

void add_bytes(const Relay::Leg& leg, SessionTotals& totals) {
  const auto set = [&](Field client_in, uint64_t in, uint64_t out) {
    const Field first = bytes_field(client_in, leg.side);
    totals[first] = in;
    totals[field_after(first, 1)] = out;
  };
  set(Field::client_bytes_in, leg.bytes_in, leg.taken);
  set(Field::client_payload_in, leg.scanner.counts().payload_bytes, leg.payload_taken);
  if (leg.records) set(Field::client_wire_in, leg.records->in, leg.records->out);
}

// By who sent them.
void add_messages(const Relay::Leg& leg, SessionTotals& totals) {
  const auto set = [&](Field in, uint64_t number) { totals[sender_field(in, leg.side)] = number; };
  set(Field::text_messages_in, leg.scanner.counts().text_messages);
  set(Field::binary_messages_in, leg.scanner.counts().binary_messages);
  set(Field::data_frames_in, leg.scanner.counts().data_frames);
  set(Field::close_frames_in, leg.scanner.counts().close_frames);
  set(Field::ping_frames_in, leg.scanner.counts().ping_frames);
  set(Field::pong_frames_in, leg.scanner.counts().pong_frames);
  set(Field::units_2k_in, leg.scanner.counts().units_2k);
  set(Field::units_32k_in, leg.scanner.counts().units_32k);
}

}  // namespace

usage::Record make_record(usage::Record::Kind kind, const Accounted& session) {
  usage::Record record;
  record.kind = kind;
  record.sequence = session.sequence;
  record.session = session.identity.id;
  record.domain = session.domain;
  record.client = session.identity.client.host();
  if (session.identity.origin.family() != AF_UNSPEC)
    record.origin = session.identity.origin.to_string();
  record.opened_ms = session.opened_ms;
  record.time_ms = unix_milliseconds();
  record.duration_ms = static_cast<uint64_t>(session.lasted.count());
  record.client_tls = session.identity.client_tls;
  if (session.relay.end()) record.end = *session.relay.end();
  for (const Relay::Leg* leg : {&session.relay.client(), &session.relay.origin()}) {
    add_bytes(*leg, record.totals);
    add_messages(*leg, record.totals);
  }
  record.totals[Field::client_network_in] = session.relay.packets().in;
  record.totals[Field::client_network_out] = session.relay.packets().out;
  record.totals[Field::client_undelivered_out] = session.relay.undelivered();
  record.totals[Field::connection_milliseconds] = static_cast<uint64_t>(session.connected.count());
  return record;
}

}  // namespace gateway::session
