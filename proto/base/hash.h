// FNV-1a, 64 bits: quick and the same everywhere; against chance, not against malice.
#pragma once

#include <cstdint>
#include <string_view>

namespace proto {

class Fnv1a {
 public:
  constexpr void add(std::string_view bytes) {
    for (const char c : bytes) value_ = (value_ ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  }
  constexpr uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 0xcbf29ce484222325;
};

constexpr uint64_t fnv1a(std::string_view bytes) {
  Fnv1a hash;
  hash.add(bytes);
  return hash.value();
}

}  // namespace proto
