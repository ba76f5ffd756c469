#include "proto/base/utf8.h"

#include <cstring>

namespace proto {
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

// C1 controls, which some terminals obey, and what hides or turns the text around it (Unicode's
// "Trojan Source" characters).
bool is_deceptive(std::string_view character) {
  if (character.size() == 2) return character[0] == '\xc2' && character < "\xc2\xa0";
  if (character.size() != 3 || character[0] != '\xe2') return false;
  const std::string_view rest = character.substr(1);
  return (rest >= "\x80\x8b" && rest <= "\x80\x8f") || (rest >= "\x80\xa8" && rest <= "\x80\xae") ||
         (rest >= "\x81\xa0" && rest <= "\x81\xaf");
}

bool is_control(char c) { return static_cast<uint8_t>(c) < 0x20 || c == 0x7f; }

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

size_t utf8_length(std::string_view text) {
  if (!text.empty() && static_cast<uint8_t>(text.front()) < 0x80) return 1;
  Utf8Validator validator;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!validator.feed(bytes_of(text.substr(i, 1)))) return 0;
    if (validator.complete()) return i + 1;
  }
  return 0;
}

std::string printable(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    const std::string_view character = text.substr(0, length == 0 ? 1 : length);
    text.remove_prefix(character.size());
    if (length != 0 && !is_control(character.front()) && !is_deceptive(character)) {
      out += character;
      continue;
    }
    for (const char c : character) {
      const auto byte = static_cast<uint8_t>(c);
      out.append("\\x").append(1, kHex[byte >> 4]).append(1, kHex[byte & 0xf]);
    }
  }
  return out;
}

}  // namespace proto
