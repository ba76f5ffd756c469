// Where the figures of a session go while it lives.
#pragma once

#include <cstdint>

#include "gateway/metrics/counters.h"
#include "gateway/net/stream.h"
#include "gateway/session/side.h"
#include "gateway/session/usage_fields.h"
#include "gateway/usage/meter/meter.h"

namespace gateway::session {

// Adds each figure as it arises, once: to the meter of the session's domain, and what moves between
// us and the origin to its server as well. One for each session, of two pointers; what they point
// to belongs to the worker and outlives it.
class Tally {
 public:
  Tally(usage::meter::Meter& meter, metrics::Traffic& server) : meter_(meter), server_(server) {}

  void bytes_in(Side leg, uint64_t bytes) {
    meter_.add(fields_of(leg).bytes_in, bytes);
    if (leg == Side::origin) server_.bytes_in.add(bytes);
  }
  void bytes_out(Side leg, uint64_t bytes) {
    meter_.add(fields_of(leg).bytes_out, bytes);
    if (leg == Side::origin) server_.bytes_out.add(bytes);
  }
  void payload_out(Side leg, uint64_t bytes) { meter_.add(fields_of(leg).payload_out, bytes); }

  // TLS records of that leg.
  void records(Side leg, const net::Volume& more) {
    meter_.add(fields_of(leg).wire_in, more.in);
    meter_.add(fields_of(leg).wire_out, more.out);
  }
  // IP packets of the client's connection.
  void packets(const net::Volume& more) {
    meter_.add(usage::Field::client_network_in, more.in);
    meter_.add(usage::Field::client_network_out, more.out);
  }
  void undelivered(uint64_t bytes) { meter_.add(usage::Field::client_undelivered_out, bytes); }

  // What a peer has sent between two states of its counts.
  void frames(Side sender, const proto::ws::Counts& before, const proto::ws::Counts& now);

 private:
  usage::meter::Meter& meter_;
  metrics::Traffic& server_;
};

inline void Tally::frames(Side sender, const proto::ws::Counts& before,
                          const proto::ws::Counts& now) {
  using proto::ws::Counts;
  usage::meter::Slot& slot = meter_.slot();
  for_each_count(sender, [&](uint64_t Counts::*count, usage::Field field) {
    const uint64_t more = now.*count - before.*count;
    if (more != 0) slot.numbers[static_cast<size_t>(field)].add(more);
  });
}

}  // namespace gateway::session
