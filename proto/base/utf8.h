// UTF-8 (RFC 3629): no surrogates, no overlong forms, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proto/base/bytes.h"

namespace proto {

// As it arrives.
class Utf8Validator {
 public:
  [[nodiscard]] bool feed(Bytes in);    // false: invalid, and stays so
  [[nodiscard]] bool complete() const;  // valid, and not in the middle of a character

 private:
  bool start(uint8_t lead);

  uint8_t missing_ = 0;    // continuation octets that the character still needs
  uint8_t lowest_ = 0x80;  // what the next of them may be (table 3-7 of the Unicode standard)
  uint8_t highest_ = 0xbf;
  bool invalid_ = false;
};

[[nodiscard]] bool is_utf8(Bytes text);

// The length of the character that the text begins with; 0: it begins with none.
size_t utf8_length(std::string_view text);

// The text as it may go to a terminal or into a log: control characters, characters that turn the
// direction of writing, and bytes that are no UTF-8 become \xHH each.
std::string printable(std::string_view text);

}  // namespace proto
