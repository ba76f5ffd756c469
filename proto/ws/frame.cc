#include "proto/ws/frame.h"

#include <cstring>

namespace proto::ws {
namespace {

// Payload lengths that announce a longer form (§5.2).
constexpr uint8_t kLength16 = 126;
constexpr uint8_t kLength64 = 127;

bool is_known(Opcode opcode) {
  switch (opcode) {
    case Opcode::continuation:
    case Opcode::text:
    case Opcode::binary:
    case Opcode::close:
    case Opcode::ping:
    case Opcode::pong:
      return true;
  }
  return false;
}

std::string_view judge_control(bool fin, uint8_t length) {
  if (!fin) return "control frame is fragmented";
  if (length > kMaxControlPayload) return "control frame is longer than 125 bytes";
  return {};
}

std::string_view judge_data(Opcode opcode, bool message_open) {
  if (opcode == Opcode::continuation && !message_open) return "continuation without a message";
  if (opcode != Opcode::continuation && message_open) return "new message inside a fragmented one";
  return {};
}

// What is wrong with a frame that begins with these two octets; empty: nothing so far.
std::string_view judge_start(uint8_t first, uint8_t second, const FrameRules& rules) {
  const auto opcode = static_cast<Opcode>(first & 0x0f);
  const bool starts_message = opcode == Opcode::text || opcode == Opcode::binary;
  if ((first & 0x30) != 0) return "reserved bit RSV2 or RSV3 is set";
  if ((first & 0x40) != 0 && !(rules.permessage_deflate && starts_message)) {
    return rules.permessage_deflate ? "RSV1 is set on a frame that does not start a message"
                                    : "RSV1 is set and no extension was negotiated";
  }
  if (!is_known(opcode)) return "reserved opcode";
  const bool masked = (second & 0x80) != 0;
  if (masked != (rules.sender == Sender::client)) {
    return masked ? "frame from a server is masked" : "frame from a client is not masked";
  }
  return is_control(opcode) ? judge_control((first & 0x80) != 0, second & 0x7f)
                            : judge_data(opcode, rules.message_open);
}

uint64_t read_big_endian(Bytes octets) {
  uint64_t number = 0;
  for (uint8_t octet : octets) number = number << 8 | octet;
  return number;
}

// §5.2: the shortest form must be used, and 2^63 and above are never valid.
std::string_view judge_length(uint8_t form, uint64_t length) {
  if (form == kLength16 && length < kLength16) return "payload length is not in its shortest form";
  if (form == kLength64 && length <= 0xffff) return "payload length is not in its shortest form";
  if (length >> 63 != 0) return "payload length is above 2^63-1";
  return {};
}

}  // namespace

HeaderRead read_header(Bytes in, const FrameRules& rules) {
  HeaderRead read;
  if (in.size() < 2) return read;
  std::string_view why = judge_start(in[0], in[1], rules);
  const uint8_t form = in[1] & 0x7f;
  const bool masked = (in[1] & 0x80) != 0;
  const size_t length_size = form < kLength16 ? 0 : form == kLength16 ? 2 : 8;
  const size_t size = 2 + length_size + (masked ? sizeof(MaskingKey) : 0);
  if (why.empty() && in.size() < size) return read;
  if (why.empty()) {
    read.header.payload_length =
        length_size == 0 ? form : read_big_endian(in.subspan(2, length_size));
    why = judge_length(form, read.header.payload_length);
  }
  if (!why.empty()) {
    read.violation = Violation{CloseCode::protocol_error, why};
    return read;
  }
  read.header.fin = (in[0] & 0x80) != 0;
  read.header.rsv1 = (in[0] & 0x40) != 0;
  read.header.opcode = static_cast<Opcode>(in[0] & 0x0f);
  if (masked) std::memcpy(read.header.masking_key.emplace().data(), &in[2 + length_size], 4);
  read.size = size;
  return read;
}

void apply_mask(std::span<uint8_t> data, const MaskingKey& key, size_t offset) {
  std::array<uint8_t, 8> turned{};
  for (size_t i = 0; i < turned.size(); ++i) turned[i] = key[(offset + i) % 4];
  uint64_t word_key = 0;
  std::memcpy(&word_key, turned.data(), 8);
  size_t at = 0;
  for (; data.size() - at >= 8; at += 8) {
    uint64_t word = 0;
    std::memcpy(&word, &data[at], 8);
    word ^= word_key;
    std::memcpy(&data[at], &word, 8);
  }
  for (; at < data.size(); ++at) data[at] ^= turned[at % 8];
}

}  // namespace proto::ws
