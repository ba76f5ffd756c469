// Validates UTF-8 as it arrives (RFC 3629): no surrogates, no overlong forms, nothing above
// U+10FFFF.
#pragma once

#include <cstdint>

#include "proto/base/bytes.h"

namespace proto::ws {

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

}  // namespace proto::ws
