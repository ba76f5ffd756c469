// Which fields of usage the figures of a leg belong to.
#pragma once

#include <array>
#include <cstdint>

#include "gateway/session/side.h"
#include "gateway/usage/totals.h"
#include "proto/ws/frame_scanner.h"

namespace gateway::session {

// Of the connection itself, and of the frames that its peer sends.
struct LegFields {
  using Field = usage::Field;
  Field bytes_in, bytes_out;
  Field payload_in, payload_out;
  Field wire_in, wire_out;
  Field text_messages, binary_messages, data_frames;
  Field close_frames, ping_frames, pong_frames;
  Field units_2k, units_32k;
};

// Messages and frames go by their sender: "in" is from the client, "out" from the origin.
inline constexpr std::array<LegFields, 2> kLegFields{
    {{.bytes_in = usage::Field::client_bytes_in,
      .bytes_out = usage::Field::client_bytes_out,
      .payload_in = usage::Field::client_payload_in,
      .payload_out = usage::Field::client_payload_out,
      .wire_in = usage::Field::client_wire_in,
      .wire_out = usage::Field::client_wire_out,
      .text_messages = usage::Field::text_messages_in,
      .binary_messages = usage::Field::binary_messages_in,
      .data_frames = usage::Field::data_frames_in,
      .close_frames = usage::Field::close_frames_in,
      .ping_frames = usage::Field::ping_frames_in,
      .pong_frames = usage::Field::pong_frames_in,
      .units_2k = usage::Field::units_2k_in,
      .units_32k = usage::Field::units_32k_in},
     {.bytes_in = usage::Field::origin_bytes_in,
      .bytes_out = usage::Field::origin_bytes_out,
      .payload_in = usage::Field::origin_payload_in,
      .payload_out = usage::Field::origin_payload_out,
      .wire_in = usage::Field::origin_wire_in,
      .wire_out = usage::Field::origin_wire_out,
      .text_messages = usage::Field::text_messages_out,
      .binary_messages = usage::Field::binary_messages_out,
      .data_frames = usage::Field::data_frames_out,
      .close_frames = usage::Field::close_frames_out,
      .ping_frames = usage::Field::ping_frames_out,
      .pong_frames = usage::Field::pong_frames_out,
      .units_2k = usage::Field::units_2k_out,
      .units_32k = usage::Field::units_32k_out}}};

constexpr const LegFields& fields_of(Side side) { return kLegFields[index(side)]; }

// Each number of what a peer sends that adds up, with its field: use(uint64_t Counts::*, Field).
template <class Use>
constexpr void for_each_count(Side sender, Use use) {
  using proto::ws::Counts;
  const LegFields& fields = fields_of(sender);
  use(&Counts::payload_bytes, fields.payload_in);
  use(&Counts::text_messages, fields.text_messages);
  use(&Counts::binary_messages, fields.binary_messages);
  use(&Counts::data_frames, fields.data_frames);
  use(&Counts::close_frames, fields.close_frames);
  use(&Counts::ping_frames, fields.ping_frames);
  use(&Counts::pong_frames, fields.pong_frames);
  use(&Counts::units_2k, fields.units_2k);
  use(&Counts::units_32k, fields.units_32k);
}

}  // namespace gateway::session
