// Watches the frames of one direction as they go by: judges and counts them, never unmasks or
// copies payload.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "proto/base/bytes.h"
#include "proto/ws/close.h"
#include "proto/ws/frame.h"

namespace proto::ws {

// What went by. A frame counts when its header is whole (a Close and a watched Pong when all of it
// is), a message when its last octet has passed.
struct Counts {
  uint64_t payload_bytes = 0;  // of data frames only
  uint64_t text_messages = 0;
  uint64_t binary_messages = 0;
  uint64_t data_frames = 0;  // text, binary and continuation
  uint64_t close_frames = 0;
  uint64_t ping_frames = 0;
  uint64_t pong_frames = 0;
  uint64_t largest_message =
      0;  // bytes of payload, the largest message that has ended (or is passing)
  // Messages in started units of so much payload, as sent (compressed or not); an empty one is one.
  uint64_t units_2k = 0;
  uint64_t units_32k = 0;

  bool operator==(const Counts&) const = default;
};

// How many bytes of payload a message may have, as sent (compressed or not), over all its
// fragments; 0: any number.
struct MessageLimits {
  uint32_t text = 0;
  uint32_t binary = 0;
};

// One direction of a session. Part of a frame header is held back until it is whole, a Close frame
// (and, while pongs are watched, a Pong) until its body is too; all else goes by untouched, so what
// was forwarded always ends at a known place. A violation is final: nothing after it is looked at.
// Bytes after a Close are dropped (§5.5.1).
class FrameScanner {
 public:
  struct Options {
    Sender sender = Sender::client;
    bool permessage_deflate =
        false;  // RSV1 may be set on the first frame of a message (RFC 7692 §6)
    MessageLimits limits = {};
  };

  struct Pong {
    Bytes frame;  // as received, to forward it unless it answers a ping of ours
    uint8_t payload_size = 0;
    std::array<uint8_t, kMaxControlPayload> payload{};  // unmasked
  };

  // Forward carry, then ready; then deal with pong, close or violation; then scan `rest` (only a
  // pong leaves one). The views are valid until the next call of scan, and as long as `in` is.
  struct Scan {
    Bytes carry;
    Bytes ready;
    Bytes rest;
    std::optional<Violation> violation;  // the offending frame is in neither carry nor ready
    uint32_t exceeded = 0;  // of a violation with 1009: the limit that the message would exceed
    Opcode exceeding = Opcode::binary;  // and what the message is, text or binary
    std::optional<Close> close;         // a Close has just passed: the last frame of this direction
    size_t close_size = 0;              // its frame, the last octets of `ready`, else of `carry`
    std::unique_ptr<Pong> pong;         // only while pongs are watched
    Counts seen;                        // by this call
  };

  explicit FrameScanner(const Options& options);
  FrameScanner(const FrameScanner&) = delete;
  FrameScanner& operator=(const FrameScanner&) = delete;
  FrameScanner(FrameScanner&&) noexcept;
  FrameScanner& operator=(FrameScanner&&) noexcept;
  ~FrameScanner();

  [[nodiscard]] Scan scan(Bytes in);

  // True while what was forwarded ends where a frame ends: only then may a frame of our own follow.
  [[nodiscard]] bool at_boundary() const { return payload_left_ == 0; }

  // Octets of payload up to the next boundary.
  [[nodiscard]] uint64_t left_of_frame() const { return payload_left_; }

  // While on, each Pong is taken out of the stream and shown in Scan::pong. Takes effect with the
  // next frame.
  void watch_pongs(bool on) { watching_pongs_ = on; }

  // True once a Close has passed.
  [[nodiscard]] bool closed() const { return stage_ == Stage::closed; }

 private:
  //   watching ──Close──► closed
  //      └────violation──► refused
  enum class Stage : uint8_t { watching, closed, refused };

  // A Close or a watched Pong that came in pieces.
  struct Held;

  // The longest part of a header that is not a whole one.
  static constexpr size_t kMaxHold = kMaxHeaderSize - 1;

  FrameRules rules() const;
  Opcode message_of(const FrameHeader& header) const;
  uint32_t exceeded_by(const FrameHeader& header) const;
  bool refuse_too_large(const FrameHeader& header, Scan& scan);
  bool must_be_whole(Opcode opcode) const;
  void scan_from(size_t at, Bytes in, Scan& scan);
  size_t finish_header(Bytes in, Scan& scan);
  void start_frame(const FrameHeader& header, Counts& seen);
  size_t pass_payload(size_t available, Counts& seen);
  size_t take_control(const HeaderRead& read, Bytes left, Scan& scan);
  void hold_header(Bytes part);
  void hold_control(const HeaderRead& read);
  void fill_held(Bytes in, Scan& scan);
  void show_pong(const FrameHeader& header, Bytes frame, Scan& scan);
  bool show_close(const FrameHeader& header, Bytes body, Scan& scan);
  void refuse(const Violation& violation, Scan& scan);

  uint64_t payload_left_ = 0;   // of the frame that is passing
  uint64_t message_size_ = 0;   // payload of the open message that has passed
  std::unique_ptr<Held> held_;  // its views are good until the next scan
  MessageLimits limits_;
  // Two, used in turn: a call that hands out one as `carry` may have to hold the next header.
  std::array<std::array<uint8_t, kMaxHold>, 2> holds_{};
  uint8_t hold_index_ = 0;
  uint8_t hold_size_ = 0;
  Sender sender_;
  Opcode message_ = Opcode::continuation;  // of the open message; continuation: none is open
  Stage stage_ = Stage::watching;
  // Bits, so that an idle session stays as small as it is.
  bool permessage_deflate_ : 1;
  bool passing_data_ : 1 = false;  // the payload that passes belongs to a message
  bool passing_last_ : 1 = false;  // and it is its last frame
  bool watching_pongs_ : 1 = false;
};

}  // namespace proto::ws
