#include "gateway/session/accounting.h"

#include "gateway/session/usage_fields.h"

namespace gateway::session {

using usage::Field;
using usage::SessionTotals;

namespace {

void add(const Leg& leg, SessionTotals& totals) {
  const LegFields& fields = fields_of(leg.side());
  totals[fields.bytes_in] = leg.ledger.bytes_in();
  totals[fields.bytes_out] = leg.ledger.taken();
  totals[fields.payload_out] = leg.ledger.payload_taken();
  totals[fields.wire_in] = leg.ledger.records().in;
  totals[fields.wire_out] = leg.ledger.records().out;
  for_each_count(leg.side(), [&](uint64_t proto::ws::Counts::*count, Field field) {
    totals[field] = leg.scanner.counts().*count;
  });
}

SessionTotals totals_of(const Accounted& session) {
  SessionTotals totals;
  for (const Leg* leg : {&session.relay.client(), &session.relay.origin()}) add(*leg, totals);
  totals[Field::client_network_in] = session.relay.packets().in;
  totals[Field::client_network_out] = session.relay.packets().out;
  totals[Field::client_undelivered_out] = session.relay.undelivered();
  totals[Field::connection_milliseconds] = static_cast<uint64_t>(session.connected.count());
  return totals;
}

}  // namespace

usage::Record make_record(usage::Record::Kind kind, const Accounted& session) {
  usage::Record record;
  record.kind = kind;
  record.sequence = session.sequence;
  record.session = session.identity.id;
  record.domain = session.domain;
  record.client = session.identity.client.host();
  if (session.identity.origin.known()) record.origin = session.identity.origin.to_string();
  record.opened_ms = session.opened_ms;
  record.time_ms = unix_milliseconds();
  record.duration_ms = static_cast<uint64_t>(session.lasted.count());
  record.client_tls = session.identity.client_tls;
  if (session.relay.end()) record.end = *session.relay.end();
  if (kind != usage::Record::Kind::start) record.totals = totals_of(session);
  return record;
}

}  // namespace gateway::session
