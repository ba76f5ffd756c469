#include "gateway/config/plain_text.h"

#include <algorithm>
#include <cstdint>

#include "proto/base/utf8.h"

namespace gateway::config {

namespace {

bool is_control(char c) { return static_cast<uint8_t>(c) < 0x20 || c == 0x7F; }

}  // namespace

std::optional<BadByte> first_bad_byte(std::string_view text) {
  Mark at{1, 1};
  while (!text.empty()) {
    char c = text.front();
    size_t length = proto::utf8_length(text);
    if (length == 0) return BadByte{at, "not UTF-8: save the file with that encoding"};
    if (is_control(c) && c != '\n' && c != '\r' && c != '\t') {
      return BadByte{at, "a control character, which a configuration file may not contain"};
    }
    at = c == '\n' ? Mark{at.line + 1, 1} : Mark{at.line, at.column + 1};
    text.remove_prefix(length);
  }
  return std::nullopt;
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(), is_control);
}

}  // namespace gateway::config
