#include "proto/ws/message_reader.h"

#include <algorithm>
#include <utility>

namespace proto::ws {

MessageReader::MessageReader(Sender sender, uint64_t max_message)
    : sender_(sender), max_message_(max_message) {}

MessageReader::Event MessageReader::read(Bytes& in) {
  while (stage_ != Stage::over) {
    if (stage_ == Stage::header) {
      if (auto violation = take_header(in)) return refuse(*violation);
      if (stage_ == Stage::header) return {};
    }
    if (auto violation = take_payload(in)) return refuse(*violation);
    if (frame_read_ < header_.payload_length) return {};
    Event event = end_frame();
    if (!std::holds_alternative<std::monostate>(event)) return event;
  }
  in = {};
  return {};
}

// Moves on to the payload once the header is whole.
std::optional<Violation> MessageReader::take_header(Bytes& in) {
  const size_t added = std::min(in.size(), hold_.size() - hold_size_);
  std::copy_n(in.begin(), added, hold_.begin() + hold_size_);
  const Bytes joined = Bytes(hold_).first(hold_size_ + added);
  const HeaderRead read = read_header(joined, {sender_, false, opcode_ != Opcode::continuation});
  if (read.violation) return read.violation;
  if (read.size == 0) {
    hold_size_ = static_cast<uint8_t>(joined.size());
    in = in.subspan(added);
    return std::nullopt;
  }
  in = in.subspan(read.size - hold_size_);
  hold_size_ = 0;
  return start_frame(read.header);
}

std::optional<Violation> MessageReader::start_frame(const FrameHeader& header) {
  header_ = header;
  frame_read_ = 0;
  stage_ = Stage::payload;
  if (is_control(header.opcode)) return std::nullopt;
  if (header.opcode != Opcode::continuation) {
    opcode_ = header.opcode;
    utf8_ = {};
  }
  // The announced length is refused, so that nothing is kept of a message that cannot end well.
  if (header.payload_length > max_message_ - message_.size()) {
    return Violation{CloseCode::message_too_big, "message is larger than this endpoint takes"};
  }
  return std::nullopt;
}

std::optional<Violation> MessageReader::take_payload(Bytes& in) {
  const uint64_t missing = header_.payload_length - frame_read_;
  const Bytes part = in.first(static_cast<size_t>(std::min<uint64_t>(missing, in.size())));
  in = in.subspan(part.size());
  const bool control = is_control(header_.opcode);
  if (!control) make_room(part.size());
  std::string& payload = control ? control_ : message_;
  const size_t from = payload.size();
  payload.append(text_of(part));
  const std::span<uint8_t> added(reinterpret_cast<uint8_t*>(payload.data()) + from, part.size());
  if (header_.masking_key) {
    apply_mask(added, *header_.masking_key, static_cast<size_t>(frame_read_ % 4));
  }
  frame_read_ += part.size();
  // Checked as it comes (§8.1), so that a long message fails at its first bad octet.
  if (!control && opcode_ == Opcode::text && !utf8_.feed(added)) {
    return Violation{CloseCode::invalid_payload, "text message is not UTF-8"};
  }
  return std::nullopt;
}

MessageReader::Event MessageReader::end_frame() {
  stage_ = Stage::header;
  if (!is_control(header_.opcode)) return header_.fin ? end_message() : Event{};
  std::string payload = std::exchange(control_, {});
  if (header_.opcode != Opcode::close) return Control{header_.opcode, std::move(payload)};
  Result<Close, Violation> close = judge_close(bytes_of(payload));
  if (!close) return refuse(close.error());
  stage_ = Stage::over;
  message_ = {};
  return std::move(*close);
}

MessageReader::Event MessageReader::end_message() {
  if (opcode_ == Opcode::text && !utf8_.complete()) {
    return refuse({CloseCode::invalid_payload, "text message ends inside a character"});
  }
  const Opcode opcode = std::exchange(opcode_, Opcode::continuation);
  return Message{opcode, std::exchange(message_, {})};
}

// A string doubles when it grows, which would take it past max_message: its last step is to just
// that.
void MessageReader::make_room(size_t added) {
  const size_t needed = message_.size() + added;
  if (needed <= message_.capacity() || needed <= max_message_ / 2) return;
  std::string larger;
  larger.reserve(static_cast<size_t>(max_message_));
  larger.append(message_);
  message_ = std::move(larger);
}

MessageReader::Event MessageReader::refuse(const Violation& violation) {
  stage_ = Stage::over;
  message_ = {};
  control_ = {};
  return violation;
}

}  // namespace proto::ws
