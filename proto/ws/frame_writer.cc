#include "proto/ws/frame_writer.h"

#include <cassert>

namespace proto::ws {
namespace {

void append_big_endian(std::string& out, uint64_t number, size_t octets) {
  for (size_t left = octets; left > 0; --left) {
    out.push_back(static_cast<char>(number >> (8 * (left - 1)) & 0xff));
  }
}

// The longest front of `text` that is at most `limit` bytes and does not end inside a character.
std::string_view cut_at_character(std::string_view text, size_t limit) {
  if (text.size() <= limit) return text;
  size_t end = limit;
  while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace

void append_header(std::string& out, const FrameHeader& header) {
  const uint64_t length = header.payload_length;
  const int mask_bit = header.masking_key ? 0x80 : 0;
  const int form = length < 126 ? static_cast<int>(length) : length <= 0xffff ? 126 : 127;
  out.push_back(static_cast<char>((header.fin ? 0x80 : 0) | (header.rsv1 ? 0x40 : 0) |
                                  static_cast<int>(header.opcode)));
  out.push_back(static_cast<char>(mask_bit | form));
  if (form == 126) append_big_endian(out, length, 2);
  if (form == 127) append_big_endian(out, length, 8);
  if (header.masking_key) out.append(text_of(*header.masking_key));
}

std::string frame(Opcode opcode, Bytes payload, const std::optional<MaskingKey>& key) {
  assert(!is_control(opcode) || payload.size() <= kMaxControlPayload);
  std::string out;
  out.reserve(kMaxHeaderSize + payload.size());
  FrameHeader header;
  header.opcode = opcode;
  header.masking_key = key;
  header.payload_length = payload.size();
  append_header(out, header);
  const size_t from = out.size();
  out.append(text_of(payload));
  if (key) apply_mask({reinterpret_cast<uint8_t*>(out.data()) + from, payload.size()}, *key, 0);
  return out;
}

std::string close_frame(CloseCode code, std::string_view reason,
                        const std::optional<MaskingKey>& key) {
  std::string body;
  if (code != CloseCode::no_status) {
    assert(may_stand_on_wire(static_cast<uint16_t>(code)));
    append_big_endian(body, static_cast<uint16_t>(code), 2);
    body.append(cut_at_character(reason, kMaxCloseReason));
  }
  return frame(Opcode::close, bytes_of(body), key);
}

}  // namespace proto::ws
