// WebSocket frames as the bench speaks them: heads read and written, payload taken as it comes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace bench {

using Bytes = std::span<const uint8_t>;
using Mask = std::array<uint8_t, 4>;

enum class Opcode : uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10
};

struct FrameHead {
  Opcode opcode = Opcode::binary;
  bool fin = true;
  bool masked = false;
  Mask key{};
  uint64_t length = 0;

  [[nodiscard]] bool control() const { return static_cast<uint8_t>(opcode) >= 8; }
};

inline constexpr size_t kMaxFrameHead = 14;

// Writes the head into `out`, which has room for kMaxFrameHead, and returns its size.
size_t write_head(const FrameHead& head, uint8_t* out);

// out[i] = in[i] ^ key, where in[0] stands at `offset` of its payload. `out` may be in.data().
void apply_mask(Bytes in, const Mask& key, uint64_t offset, uint8_t* out);

// One direction of a connection, cut into pieces of at most one frame each.
class FrameReader {
 public:
  struct Piece {
    FrameHead head;
    uint64_t offset = 0;  // of `payload` within the frame; 0 in the frame's first piece
    Bytes payload;        // as on the wire; a view into the input

    [[nodiscard]] bool ends() const { return offset + payload.size() == head.length; }
  };

  // Takes the next piece off the front of `in`; nullopt when `in` is used up.
  [[nodiscard]] std::optional<Piece> next(Bytes& in);

 private:
  [[nodiscard]] bool take_head(Bytes& in);
  [[nodiscard]] size_t head_size() const;
  void decode_head();

  std::array<uint8_t, kMaxFrameHead> held_{};
  size_t held_size_ = 0;
  bool in_payload_ = false;
  FrameHead head_;
  uint64_t offset_ = 0;
};

}  // namespace bench
