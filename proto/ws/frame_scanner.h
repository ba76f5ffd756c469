// Watches the frames of one direction as they go by: judges and counts them, never unmasks or copies payload.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "proto/base/bytes.h"
#include "proto/ws/close.h"
#include "proto/ws/frame.h"

namespace proto::ws {

// What went by. A frame counts when its header is whole, a message when its last octet has passed.
struct Counts {
  uint64_t payload_bytes = 0;      // of data frames only
  uint64_t text_messages = 0;
  uint64_t binary_messages = 0;
  uint64_t data_frames = 0;        // text, binary and continuation
  uint64_t close_frames = 0;
  uint64_t ping_frames = 0;
  uint64_t pong_frames = 0;
  uint64_t largest_message = 0;    // bytes of payload, the largest message that has ended (or is passing)
};

// One direction of a session. Part of a frame header is held back until it is whole, a Close frame (and, while pongs
// are watched, a Pong) until its body is too; all else goes by untouched, so what was forwarded always ends at a
// known place. A violation is final: nothing after it is looked at. Bytes after a Close are dropped (§5.5.1).
class FrameScanner {
 public:
  struct Options {
    Sender sender = Sender::client;
    bool permessage_deflate = false;   // RSV1 may be set on the first frame of a message (RFC 7692 §6)
  };

  struct Pong {
    Bytes frame;                                        // as received, to forward it unless it answers a ping of ours
    uint8_t payload_size = 0;
    std::array<uint8_t, kMaxControlPayload> payload{};  // unmasked
  };

  // Forward carry, then ready; then deal with pong, close or violation; then scan `rest` (only a pong leaves one).
  // The views are valid until the next call of scan, and as long as `in` is.
  struct Scan {
    Bytes carry;
    Bytes ready;
    Bytes rest;
    std::optional<Violation> violation;   // the offending frame is in neither carry nor ready
    std::optional<Close> close;           // a Close has just passed: the last frame of this direction
    std::unique_ptr<Pong> pong;           // only while pongs are watched
    Counts seen;                          // by this call
  };

  explicit FrameScanner(const Options& options);
  FrameScanner(FrameScanner&&) noexcept;
  FrameScanner& operator=(FrameScanner&&) noexcept;
  ~FrameScanner();

  Scan scan(Bytes in);

  // True while what was forwarded ends where a frame ends: only then may a frame of our own follow.
  bool at_boundary() const;

  // While on, each Pong is taken out of the stream and shown in Scan::pong. Takes effect with the next frame.
  void watch_pongs(bool on);

  // True once a Close has passed.
  bool closed() const;

 private:
  // (helper: to be laid out; an idle scanner is at most 64 bytes and holds no heap memory)
};

}  // namespace proto::ws
