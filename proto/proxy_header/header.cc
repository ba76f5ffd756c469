#include "proto/proxy_header/header.h"

namespace proto::proxy_header {
namespace {

constexpr uint32_t kPolynomial = 0x82f63b78;  // bits reversed

constexpr std::array<uint32_t, 256> crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t octet = 0; octet < table.size(); ++octet) {
    uint32_t crc = octet;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? crc >> 1 ^ kPolynomial : crc >> 1;
    table[octet] = crc;
  }
  return table;
}

constexpr std::array<uint32_t, 256> kTable = crc_table();

}  // namespace

void Crc32c::add(Bytes bytes) {
  for (const uint8_t octet : bytes) state_ = state_ >> 8 ^ kTable[(state_ ^ octet) & 0xff];
}

}  // namespace proto::proxy_header
