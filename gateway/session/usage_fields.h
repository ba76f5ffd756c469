// Which fields of usage the figures of a leg belong to.
#pragma once

#include <cstddef>

#include "gateway/session/relay.h"
#include "gateway/usage/totals.h"

namespace gateway::session {

// The field that stands so many places after another one.
constexpr usage::Field field_after(usage::Field first, size_t places) {
  return static_cast<usage::Field>(static_cast<size_t>(first) + places);
}

// Of each kind of byte there are four in a row: the client's in and out, then the origin's.
constexpr usage::Field bytes_field(usage::Field client, Side side) {
  return field_after(client, 2 * static_cast<size_t>(side));
}
static_assert(bytes_field(usage::Field::client_bytes_in, Side::origin) ==
              usage::Field::origin_bytes_in);
static_assert(bytes_field(usage::Field::client_payload_out, Side::origin) ==
              usage::Field::origin_payload_out);
static_assert(bytes_field(usage::Field::client_wire_in, Side::origin) ==
              usage::Field::origin_wire_in);

// Of messages and frames there are two, by who sent them: in is from the client, out from the
// origin.
constexpr usage::Field sender_field(usage::Field in, Side side) {
  return field_after(in, static_cast<size_t>(side));
}
static_assert(sender_field(usage::Field::text_messages_in, Side::origin) ==
              usage::Field::text_messages_out);
static_assert(sender_field(usage::Field::units_32k_in, Side::origin) ==
              usage::Field::units_32k_out);

}  // namespace gateway::session
