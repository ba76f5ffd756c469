// Reads whole messages out of a direction, for endpoints of our own (the echo, later the hub and
// config sync): unmasks, reassembles, checks UTF-8. No extension: RSV bits are violations.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "proto/base/bytes.h"
#include "proto/base/utf8.h"
#include "proto/ws/close.h"
#include "proto/ws/frame.h"

namespace proto::ws {

class MessageReader {
 public:
  struct Message {
    Opcode opcode;  // text or binary
    std::string payload;
  };
  struct Control {
    Opcode opcode;  // ping or pong
    std::string payload;
  };
  // nothing: feed more. A Close or a Violation is final.
  using Event = std::variant<std::monostate, Message, Control, Close, Violation>;

  // Messages above max_message bytes are a violation with 1009. What is kept never exceeds
  // max_message plus one frame header and one control frame.
  MessageReader(Sender sender, uint64_t max_message);

  // Takes from the front of `in` up to the next event; what it took is removed from `in`.
  [[nodiscard]] Event read(Bytes& in);

 private:
  //   header ──whole──► payload ──end of the frame──► header
  //      └──Close, violation──► over ◄──┘
  enum class Stage : uint8_t { header, payload, over };

  std::optional<Violation> take_header(Bytes& in);
  std::optional<Violation> start_frame(const FrameHeader& header);
  std::optional<Violation> take_payload(Bytes& in);
  Event end_frame();
  Event end_message();
  void make_room(size_t added);
  Event refuse(const Violation& violation);

  Sender sender_;
  Stage stage_ = Stage::header;
  Opcode opcode_ = Opcode::continuation;  // of the open message; continuation: none is open
  uint8_t hold_size_ = 0;
  std::array<uint8_t, kMaxHeaderSize> hold_{};  // a header that is not whole yet
  FrameHeader header_;                          // of the frame whose payload is being read
  uint64_t frame_read_ = 0;                     // bytes of that payload that have come
  uint64_t max_message_;
  Utf8Validator utf8_;
  std::string message_;
  std::string control_;
};

}  // namespace proto::ws
