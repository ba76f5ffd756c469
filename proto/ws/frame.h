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

enum class Opcode : uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

// Who sent the frames of a direction. A client masks, a server must not (§5.1).
enum class Sender : uint8_t { client, server };

inline constexpr size_t kMaxHeaderSize = 14;
inline constexpr size_t kMaxControlPayload = 125;   // §5.5
using MaskingKey = std::array<uint8_t, 4>;

constexpr bool is_control(Opcode opcode) { return (static_cast<uint8_t>(opcode) & 0x8) != 0; }

struct FrameHeader {
  bool fin = true;
  bool rsv1 = false;   // §5.2; permessage-deflate's "compressed" bit (RFC 7692 §6)
  Opcode opcode = Opcode::text;
  std::optional<MaskingKey> masking_key;
  uint64_t payload_length = 0;   // 0 to 2^63-1
};

// A peer broke the protocol: `code` and `why` fit the Close frame that answers it.
struct Violation {
  CloseCode code;
  std::string_view why;   // static text, at most 123 bytes
};

// XORs `data` with the key, the first octet with key[offset % 4] (§5.3). Masking and unmasking are the same.
void apply_mask(std::span<uint8_t> data, const MaskingKey& key, size_t offset);

}  // namespace proto::ws
