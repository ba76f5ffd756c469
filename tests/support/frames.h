// WebSocket frames as tests write and read them.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "proto/ws/close.h"
#include "proto/ws/frame.h"
#include "proto/ws/frame_writer.h"

namespace tests {

inline constexpr proto::ws::MaskingKey kMask{0x37, 0xfa, 0x21, 0x3d};

inline std::vector<uint8_t> octets(std::string_view text) {
  const proto::Bytes bytes = proto::bytes_of(text);
  return {bytes.begin(), bytes.end()};
}

inline std::string as_text(const std::vector<uint8_t>& octets) {
  return {octets.begin(), octets.end()};
}

// What a client sends is masked, what an origin sends is not.
inline std::vector<uint8_t> from_client(proto::ws::Opcode opcode, std::string_view payload) {
  return octets(proto::ws::frame(opcode, proto::bytes_of(payload), kMask));
}
inline std::vector<uint8_t> from_origin(proto::ws::Opcode opcode, std::string_view payload) {
  return octets(proto::ws::frame(opcode, proto::bytes_of(payload), std::nullopt));
}
inline std::vector<uint8_t> client_close(proto::ws::CloseCode code, std::string_view reason = {}) {
  return octets(proto::ws::close_frame(code, reason, kMask));
}
inline std::vector<uint8_t> origin_close(proto::ws::CloseCode code, std::string_view reason = {}) {
  return octets(proto::ws::close_frame(code, reason, std::nullopt));
}

struct ReadFrame {
  proto::ws::Opcode opcode;
  bool masked;
  std::string payload;  // unmasked

  // Of a Close frame.
  proto::ws::CloseCode code() const {
    return proto::ws::judge_close(proto::bytes_of(payload)).value().code;
  }
  std::string reason() const {
    return proto::ws::judge_close(proto::bytes_of(payload)).value().reason;
  }
};

// Takes the wire apart. Throws on anything that is no sequence of whole frames by that sender.
inline std::vector<ReadFrame> read_frames(proto::Bytes wire, proto::ws::Sender sender) {
  std::vector<ReadFrame> frames;
  bool message_open = false;
  while (!wire.empty()) {
    const auto read = proto::ws::read_header(
        wire, {.sender = sender, .permessage_deflate = true, .message_open = message_open});
    if (read.size == 0) throw std::runtime_error("not a frame");
    const auto length = static_cast<size_t>(read.header.payload_length);
    if (wire.size() < read.size + length) throw std::runtime_error("a frame is cut off");
    std::string payload(proto::text_of(wire.subspan(read.size, length)));
    if (read.header.masking_key) {
      proto::ws::apply_mask({reinterpret_cast<uint8_t*>(payload.data()), payload.size()},
                            *read.header.masking_key, 0);
    }
    if (!proto::ws::is_control(read.header.opcode)) message_open = !read.header.fin;
    frames.push_back({read.header.opcode, read.header.masking_key.has_value(), std::move(payload)});
    wire = wire.subspan(read.size + length);
  }
  return frames;
}

}  // namespace tests
