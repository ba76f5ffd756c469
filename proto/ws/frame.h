// The WebSocket frame: its constants and its header (RFC 6455 §5.2).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "proto/base/bytes.h"
#include "proto/ws/close.h"

namespace proto::ws {

enum class Opcode : uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10
};

// Who sent the frames of a direction. A client masks, a server must not (§5.1).
enum class Sender : uint8_t { client, server };

inline constexpr size_t kMaxHeaderSize = 14;
inline constexpr size_t kMaxControlPayload = 125;  // §5.5
using MaskingKey = std::array<uint8_t, 4>;

constexpr bool is_control(Opcode opcode) { return (static_cast<uint8_t>(opcode) & 0x8) != 0; }

struct FrameHeader {
  bool fin = true;
  bool rsv1 = false;  // §5.2; permessage-deflate's "compressed" bit (RFC 7692 §6)
  Opcode opcode = Opcode::text;
  std::optional<MaskingKey> masking_key;
  uint64_t payload_length = 0;  // 0 to 2^63-1
};

// What a direction lets its next frame be.
struct FrameRules {
  Sender sender = Sender::client;
  bool permessage_deflate = false;  // RSV1 may be set on the first frame of a message (RFC 7692 §6)
  bool message_open = false;        // a fragmented message has begun and not ended
};

struct HeaderRead {
  size_t size = 0;  // octets of the header; 0: it is not whole yet, or there is a violation
  FrameHeader header;
  std::optional<Violation> violation;
};

// Reads the header at the front of `in` and judges it. The first two octets are judged as soon as
// they are there.
[[nodiscard]] HeaderRead read_header(Bytes in, const FrameRules& rules);

// XORs `data` with the key, the first octet with key[offset % 4] (§5.3). Masking and unmasking are
// the same.
void apply_mask(std::span<uint8_t> data, const MaskingKey& key, size_t offset);

}  // namespace proto::ws
