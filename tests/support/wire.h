// Octets as a test writes them: "81 05 48656c6c6f"_wire.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <vector>

namespace tests {

inline uint8_t hex_value(char c) {
  if (c >= '0' && c <= '9') return static_cast<uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<uint8_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<uint8_t>(c - 'A' + 10);
  throw std::invalid_argument("a wire literal holds hex digits and spaces");
}

// Pairs of hex digits; spaces may stand between octets, for the eye.
inline std::vector<uint8_t> operator""_wire(const char* text, size_t size) {
  std::vector<uint8_t> octets;
  for (size_t i = 0; i < size; ++i) {
    if (text[i] == ' ') continue;
    if (i + 1 == size) throw std::invalid_argument("a wire literal ends in half an octet");
    const int octet = hex_value(text[i]) * 16 + hex_value(text[i + 1]);
    octets.push_back(static_cast<uint8_t>(octet));
    ++i;
  }
  return octets;
}

}  // namespace tests
