#include "gateway/config/plain_text.h"

#include <algorithm>
#include <cstdint>

namespace gateway::config {

namespace {

uint8_t byte_at(std::string_view text, size_t index) { return static_cast<uint8_t>(text[index]); }

bool is_control(char c) { return static_cast<uint8_t>(c) < 0x20 || c == 0x7F; }

// The second byte carries the rules against overlong forms, surrogates and values above U+10FFFF.
bool second_byte_fits(uint8_t first, uint8_t second) {
  switch (first) {
    case 0xE0:
      return second >= 0xA0 && second <= 0xBF;
    case 0xED:
      return second >= 0x80 && second <= 0x9F;
    case 0xF0:
      return second >= 0x90 && second <= 0xBF;
    case 0xF4:
      return second >= 0x80 && second <= 0x8F;
    default:
      return second >= 0x80 && second <= 0xBF;
  }
}

size_t promised_length(uint8_t first) {
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return 2;
  if (first >= 0xE0 && first <= 0xEF) return 3;
  if (first >= 0xF0 && first <= 0xF4) return 4;
  return 0;
}

}  // namespace

size_t utf8_length(std::string_view text) {
  if (text.empty()) return 0;
  size_t length = promised_length(byte_at(text, 0));
  if (length < 2) return length;
  if (text.size() < length || !second_byte_fits(byte_at(text, 0), byte_at(text, 1))) return 0;
  for (size_t i = 2; i < length; ++i) {
    if ((byte_at(text, i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

std::optional<BadByte> first_bad_byte(std::string_view text) {
  Position at{1, 1};
  while (!text.empty()) {
    char c = text.front();
    size_t length = utf8_length(text);
    if (length == 0) return BadByte{at, "not UTF-8: save the file with that encoding"};
    if (is_control(c) && c != '\n' && c != '\r' && c != '\t') {
      return BadByte{at, "a control character, which a configuration file may not contain"};
    }
    at = c == '\n' ? Position{at.line + 1, 1} : Position{at.line, at.column + 1};
    text.remove_prefix(length);
  }
  return std::nullopt;
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(), is_control);
}

}  // namespace gateway::config
