#include "tests/bench/frame.h"

#include <algorithm>
#include <cstring>

namespace bench {

namespace {

constexpr uint8_t kFin = 0x80;
constexpr uint8_t kMasked = 0x80;

size_t length_size(uint8_t short_length) {
  if (short_length == 126) return 2;
  return short_length == 127 ? 8 : 0;
}

uint8_t short_length(uint64_t length) {
  if (length < 126) return static_cast<uint8_t>(length);
  return length <= 0xffff ? 126 : 127;
}

}  // namespace

size_t write_head(const FrameHead& head, uint8_t* out) {
  const uint8_t marker = short_length(head.length);
  size_t size = 0;
  out[size++] = static_cast<uint8_t>((head.fin ? kFin : 0) | static_cast<uint8_t>(head.opcode));
  out[size++] = static_cast<uint8_t>((head.masked ? kMasked : 0) | marker);
  for (size_t i = length_size(marker); i > 0; --i) {
    out[size++] = static_cast<uint8_t>(head.length >> (8 * (i - 1)));
  }
  if (head.masked) {
    std::copy(head.key.begin(), head.key.end(), out + size);
    size += head.key.size();
  }
  return size;
}

void apply_mask(Bytes in, const Mask& key, uint64_t offset, uint8_t* out) {
  std::array<uint8_t, 8> turned{};
  for (size_t i = 0; i < turned.size(); ++i) turned[i] = key[(offset + i) % 4];
  uint64_t word_key = 0;
  std::memcpy(&word_key, turned.data(), sizeof word_key);
  size_t i = 0;
  for (; i + sizeof word_key <= in.size(); i += sizeof word_key) {
    uint64_t word = 0;
    std::memcpy(&word, in.data() + i, sizeof word);
    word ^= word_key;
    std::memcpy(out + i, &word, sizeof word);
  }
  for (; i < in.size(); ++i) out[i] = in[i] ^ turned[i % 8];
}

std::optional<FrameReader::Piece> FrameReader::next(Bytes& in) {
  if (in.empty()) return std::nullopt;
  if (!in_payload_) {
    if (!take_head(in)) return std::nullopt;
    in_payload_ = true;
    offset_ = 0;
  }
  const uint64_t left = head_.length - offset_;
  const auto size = static_cast<size_t>(std::min<uint64_t>(left, in.size()));
  const Piece piece{head_, offset_, in.first(size)};
  in = in.subspan(size);
  offset_ += size;
  if (piece.ends()) in_payload_ = false;
  return piece;
}

bool FrameReader::take_head(Bytes& in) {
  while (!in.empty()) {
    held_[held_size_++] = in.front();
    in = in.subspan(1);
    if (held_size_ < 2 || held_size_ < head_size()) continue;
    decode_head();
    held_size_ = 0;
    return true;
  }
  return false;
}

size_t FrameReader::head_size() const {
  return 2 + length_size(held_[1] & 0x7f) + ((held_[1] & kMasked) != 0 ? 4 : 0);
}

void FrameReader::decode_head() {
  head_.fin = (held_[0] & kFin) != 0;
  head_.opcode = static_cast<Opcode>(held_[0] & 0x0f);
  head_.masked = (held_[1] & kMasked) != 0;
  const size_t extended = length_size(held_[1] & 0x7f);
  head_.length = extended == 0 ? held_[1] & 0x7f : 0;
  for (size_t i = 0; i < extended; ++i) head_.length = head_.length << 8 | held_[2 + i];
  head_.key = {};
  if (head_.masked)
    std::copy_n(held_.begin() + 2 + static_cast<long>(extended), 4, head_.key.begin());
}

}  // namespace bench
