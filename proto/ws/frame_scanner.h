// Watches the frames of one direction as they go by: judges and counts them, never unmasks or
// copies payload.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "proto/base/bytes.h"
#include "proto/ws/close.h"
#include "proto/ws/frame.h"

namespace proto::ws {

// The frames and messages of a direction that have gone by. A frame counts when its header is whole
// (a Close and a watched Pong when all of it is), a message when its last octet has passed.
struct Counts {
  uint64_t payload_bytes = 0;  // of data frames only
  uint64_t text_messages = 0;
  uint64_t binary_messages = 0;
  uint64_t data_frames = 0;  // text, binary and continuation
  uint64_t close_frames = 0;
  uint64_t ping_frames = 0;
  uint64_t pong_frames = 0;
  // Messages in started units of so much payload, as sent (compressed or not); an empty one is one.
  uint64_t units_2k = 0;
  uint64_t units_32k = 0;
  uint64_t largest_message = 0;  // bytes of payload; one that is still passing counts as well

  bool operator==(const Counts&) const = default;
};

// How many bytes of payload a message may have, as sent (compressed or not), over all its
// fragments; 0: any number.
struct MessageLimits {
  uint32_t text = 0;
  uint32_t binary = 0;
};

// The end of a direction by its sender's fault; where it is 1009, with the limit that was exceeded.
struct Offence {
  Violation violation;
  uint32_t exceeded = 0;              // 0: it was not a limit
  Opcode exceeding = Opcode::binary;  // what the message is, text or binary
};

// One direction of a session. Part of a frame header is held back until it is whole, a Close frame
// (and, while pongs are watched, a Pong) until its body is too; all else goes by untouched, so what
// was forwarded always ends at a known place. A Close and a violation are final: whatever comes
// after them is dropped (§5.5.1).
class FrameScanner {
 public:
  struct Options {
    Sender sender = Sender::client;
    bool permessage_deflate =
        false;  // RSV1 may be set on the first frame of a message (RFC 7692 §6)
    MessageLimits limits = {};
  };

  // Forward the octets, then act on what they are. The view is valid until the next call of scan,
  // and as long as its input is.
  struct Event {
    enum class What : uint8_t {
      passed,  // any octets that need no attention, perhaps none: all of the input may be held back
      pong,    // one Pong, whole, while pongs are watched: its payload is pong()
      closed,  // one Close, whole: close() is what it says
      refused,  // no octets: offence() says why
    };
    Bytes octets;
    What what = What::passed;
  };

  explicit FrameScanner(const Options& options);
  FrameScanner(const FrameScanner&) = delete;
  FrameScanner& operator=(const FrameScanner&) = delete;
  FrameScanner(FrameScanner&&) noexcept;
  FrameScanner& operator=(FrameScanner&&) noexcept;
  ~FrameScanner();

  // Takes from the front of `in` up to the next event; what it took is removed from `in`. To be
  // called until nothing is left.
  [[nodiscard]] Event scan(Bytes& in);

  // True while what was forwarded ends where a frame ends: only then may a frame of our own follow.
  [[nodiscard]] bool at_boundary() const { return payload_left_ == 0; }

  // Octets of payload up to the next boundary.
  [[nodiscard]] uint64_t left_of_frame() const { return payload_left_; }

  // Everything that has gone by, since the beginning.
  [[nodiscard]] const Counts& counts() const { return counts_; }

  // While on, each Pong is an event of its own. Takes effect with the next frame.
  void watch_pongs(bool on) { watching_pongs_ = on; }

  // The payload of the Pong that the last event was, unmasked; valid until the next call of scan.
  [[nodiscard]] Bytes pong() const;
  // That Pong is not forwarded: it counts no more.
  void leave_out_pong();

  // The Close that has passed; null: none yet.
  [[nodiscard]] const Close* close() const;
  // Null: none yet.
  [[nodiscard]] const Offence* offence() const;

 private:
  //   watching ──Close──► closed
  //      └────violation──► refused
  enum class Stage : uint8_t { watching, closed, refused };

  // A Close or a watched Pong, an offence, or part of a header: few directions have one at any
  // time.
  struct Apart;

  FrameRules rules() const;
  Opcode message_of(const FrameHeader& header) const;
  uint32_t exceeded_by(const FrameHeader& header) const;
  bool must_be_whole(Opcode opcode) const;
  bool passes(const HeaderRead& read) const;
  Event scan_frames(Bytes& in);
  Event finish_header(Bytes& in);
  Event take_apart(const HeaderRead& read, Bytes& in);
  Event gather(Bytes& in);
  Event show(const FrameHeader& header, Bytes frame);
  Event refuse(const Offence& offence);
  void start_frame(const FrameHeader& header);
  size_t pass_payload(size_t available);
  void end_message();
  void hold_header(Bytes part);

  uint64_t payload_left_ = 0;  // of the frame that is passing
  uint64_t message_size_ = 0;  // payload of the open message that has passed
  Counts counts_;
  std::unique_ptr<Apart> apart_;  // null: nothing is held back, and nothing is shown
  MessageLimits limits_;
  Sender sender_;
  Opcode message_ = Opcode::continuation;  // of the open message; continuation: none is open
  Stage stage_ = Stage::watching;
  bool permessage_deflate_;
  bool passing_data_ = false;  // the payload that passes belongs to a message
  bool passing_last_ = false;  // and it is its last frame
  bool watching_pongs_ = false;
};

}  // namespace proto::ws
