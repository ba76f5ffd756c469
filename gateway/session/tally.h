// Where the figures of a session go while it lives.
#pragma once

#include <cstdint>

#include "gateway/metrics/counters.h"
#include "gateway/net/stream.h"
#include "gateway/session/side.h"
#include "gateway/session/usage_fields.h"
#include "gateway/usage/meter/meter.h"

namespace gateway::session {

// Adds each figure as it arises. One for each session, of a few pointers: what it adds to belongs
// to the worker's domain and to the server, and outlives it.
class Tally {
 public:
  // `server`: of the one that the session goes to.
  Tally(metrics::Domain& counters, usage::meter::Meter& meter, metrics::Traffic& server)
      : counters_(counters), meter_(meter), server_(server) {}

  void bytes_in(Side leg, uint64_t bytes) {
    meter_.add(fields_of(leg).bytes_in, bytes);
    traffic(leg).bytes_in.add(bytes);
  }
  void bytes_out(Side leg, uint64_t bytes) {
    meter_.add(fields_of(leg).bytes_out, bytes);
    traffic(leg).bytes_out.add(bytes);
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
  void undelivered(uint64_t bytes) {
    counters_.undelivered.add(bytes);
    meter_.add(usage::Field::client_undelivered_out, bytes);
  }

  // What a peer has sent between two states of its counts.
  void frames(Side sender, const proto::ws::Counts& before, const proto::ws::Counts& now);

 private:
  metrics::Traffic& traffic(Side leg) { return leg == Side::client ? counters_.client : server_; }

  metrics::Domain& counters_;
  usage::meter::Meter& meter_;
  metrics::Traffic& server_;
};

inline void Tally::frames(Side sender, const proto::ws::Counts& before,
                          const proto::ws::Counts& now) {
  metrics::Direction& live = sender == Side::client ? counters_.from_client : counters_.from_origin;
  const auto add = [&](metrics::Count& live_count, uint64_t proto::ws::Counts::*count) {
    if (const uint64_t more = now.*count - before.*count; more != 0) live_count.add(more);
  };
  using proto::ws::Counts;
  add(live.payload_bytes, &Counts::payload_bytes);
  add(live.text_messages, &Counts::text_messages);
  add(live.binary_messages, &Counts::binary_messages);
  add(live.data_frames, &Counts::data_frames);
  add(live.close_frames, &Counts::close_frames);
  add(live.ping_frames, &Counts::ping_frames);
  add(live.pong_frames, &Counts::pong_frames);
  add(live.units_2k, &Counts::units_2k);
  add(live.units_32k, &Counts::units_32k);
  for_each_count(sender, [&](uint64_t Counts::*count, usage::Field field) {
    if (const uint64_t more = now.*count - before.*count; more != 0) meter_.add(field, more);
  });
}

}  // namespace gateway::session
