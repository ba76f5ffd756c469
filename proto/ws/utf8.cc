#include "proto/ws/utf8.h"

#include <cstring>

namespace proto::ws {
namespace {

// How many octets at the front are ASCII, in steps of eight.
size_t ascii_words(Bytes in) {
  size_t at = 0;
  while (in.size() - at >= 8) {
    uint64_t word = 0;
    std::memcpy(&word, &in[at], 8);
    if ((word & 0x8080808080808080U) != 0) break;
    at += 8;
  }
  return at;
}

}  // namespace

bool Utf8Validator::feed(Bytes in) {
  for (size_t at = 0; at < in.size() && !invalid_; ++at) {
    if (missing_ == 0) {
      at += ascii_words(in.subspan(at));
      if (at == in.size()) break;
      invalid_ = !start(in[at]);
      continue;
    }
    invalid_ = in[at] < lowest_ || in[at] > highest_;
    --missing_;
    lowest_ = 0x80;
    highest_ = 0xbf;
  }
  return !invalid_;
}

bool Utf8Validator::complete() const { return !invalid_ && missing_ == 0; }

bool Utf8Validator::start(uint8_t lead) {
  if (lead < 0x80) return true;
  // C0 and C1 would be overlong, F5 and above would pass U+10FFFF.
  if (lead < 0xc2 || lead > 0xf4) return false;
  missing_ = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
  if (lead == 0xe0) lowest_ = 0xa0;   // below: overlong
  if (lead == 0xed) highest_ = 0x9f;  // above: surrogates
  if (lead == 0xf0) lowest_ = 0x90;   // below: overlong
  if (lead == 0xf4) highest_ = 0x8f;  // above: beyond U+10FFFF
  return true;
}

bool is_utf8(Bytes text) {
  Utf8Validator validator;
  return validator.feed(text) && validator.complete();
}

}  // namespace proto::ws
