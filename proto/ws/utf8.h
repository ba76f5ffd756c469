// Validates UTF-8 as it arrives (RFC 3629): no surrogates, no overlong forms, nothing above U+10FFFF.
#pragma once

#include <cstdint>

#include "proto/base/bytes.h"

namespace proto::ws {

class Utf8Validator {
 public:
  bool feed(Bytes in);          // false: invalid, and stays so
  bool complete() const;        // valid, and not in the middle of a character
 private:
  // (helper: to be laid out)
};

bool is_utf8(Bytes text);

}  // namespace proto::ws
