// Reads whole messages out of a direction, for endpoints of our own (the echo, later the hub and
// config sync): unmasks, reassembles, checks UTF-8. No extension: RSV bits are violations.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "proto/base/bytes.h"
#include "proto/ws/close.h"
#include "proto/ws/frame.h"

namespace proto::ws {

class MessageReader {
 public:
  struct Message {
    Opcode opcode;
    std::string payload;
  };  // text or binary
  struct Control {
    Opcode opcode;
    std::string payload;
  };  // ping or pong
  // nothing: feed more. A Close or a Violation is final.
  using Event = std::variant<std::monostate, Message, Control, Close, Violation>;

  // Messages above max_message bytes are a violation with 1009. Memory never exceeds max_message
  // plus one frame header.
  MessageReader(Sender sender, uint64_t max_message);

  // Takes from the front of `in` up to the next event; what it took is removed from `in`.
  Event read(Bytes& in);

 private:
  // (helper: to be laid out)
};

}  // namespace proto::ws
