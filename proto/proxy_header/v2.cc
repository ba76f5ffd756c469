#include "proto/proxy_header/v2.h"

#include <algorithm>

namespace proto::proxy_header {
namespace {

constexpr uint8_t kVersion2 = 0x2;
constexpr uint8_t kLocal = 0x0;
constexpr uint8_t kProxy = 0x1;

constexpr uint8_t kUnspecified = 0x0;
constexpr uint8_t kInet = 0x1;
constexpr uint8_t kInet6 = 0x2;
constexpr uint8_t kUnix = 0x3;
constexpr uint8_t kStream = 0x1;
constexpr uint8_t kDatagram = 0x2;

constexpr size_t kCommandAt = 12;
constexpr size_t kFamilyAt = 13;
constexpr size_t kLengthAt = 14;

constexpr size_t kUnixAddressesSize = 216;

uint16_t number_at(Bytes bytes, size_t at) {
  return static_cast<uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

size_t octets_of(Family family) { return family == Family::ipv4 ? 4 : 16; }

size_t addresses_size(uint8_t family) {
  switch (family >> 4) {
    case kInet:
      return 2 * octets_of(Family::ipv4) + 4;
    case kInet6:
      return 2 * octets_of(Family::ipv6) + 4;
    default:
      return kUnixAddressesSize;
  }
}

Addresses read_addresses(Bytes block, Family family) {
  const size_t size = octets_of(family);
  Addresses addresses;
  addresses.source.family = addresses.destination.family = family;
  std::copy_n(block.begin(), size, addresses.source.octets.begin());
  std::copy_n(block.begin() + static_cast<ptrdiff_t>(size), size,
              addresses.destination.octets.begin());
  addresses.source.port = number_at(block, 2 * size);
  addresses.destination.port = number_at(block, 2 * size + 2);
  return addresses;
}

// §2.2.3: the checksum is that of the header with zeros in the checksum's own place.
bool is_checksum_right(Bytes header, size_t at) {
  constexpr std::array<uint8_t, 4> kZeros{};
  Crc32c crc;
  crc.add(header.first(at));
  crc.add(kZeros);
  crc.add(header.subspan(at + kZeros.size()));
  const uint32_t high = number_at(header, at);
  return crc.value() == (high << 16 | number_at(header, at + 2));
}

std::string_view fault_in_checksum(Bytes header, size_t at, size_t size, bool again) {
  if (again) return "it has two checksums";
  if (size != 4) return "its checksum does not have four octets";
  return is_checksum_right(header, at) ? "" : "its checksum is wrong";
}

// Nothing but the checksum is of use here; the others must merely fit.
std::string_view fault_in_tlvs(Bytes header, size_t at) {
  bool has_checksum = false;
  while (at < header.size()) {
    if (header.size() - at < kTlvHeadSize) return "it ends within the head of a TLV";
    const uint8_t type = header[at];
    const size_t size = number_at(header, at + 1);
    at += kTlvHeadSize;
    if (header.size() - at < size) return "a TLV is longer than the header";
    if (type == kTlvCrc32c) {
      const std::string_view fault = fault_in_checksum(header, at, size, has_checksum);
      if (!fault.empty()) return fault;
      has_checksum = true;
    }
    at += size;
  }
  return {};
}

}  // namespace

std::string_view fault_in_command(uint8_t octet) {
  if (octet >> 4 != kVersion2) return "its version is not 2";
  const int command = octet & 0xf;
  return command == kLocal || command == kProxy ? "" : "its command is neither LOCAL nor PROXY";
}

// The family of a LOCAL header is ignored, whatever it is.
std::string_view fault_in_family(uint8_t command, uint8_t family) {
  if ((command & 0xf) == kLocal) return {};
  if (family >> 4 > kUnix) return "its address family is unknown";
  return (family & 0xf) > kDatagram ? "its transport protocol is unknown" : "";
}

size_t v2_size(Bytes fixed) { return kV2FixedSize + number_at(fixed, kLengthAt); }

// Where the family or protocol is unspecified, as in LOCAL, nobody can tell where addresses end
// and TLVs begin: the block is skipped unseen.
Result<std::optional<Addresses>, std::string_view> read_v2(Bytes header) {
  const uint8_t family = header[kFamilyAt];
  const int protocol = family & 0xf;
  if ((header[kCommandAt] & 0xf) == kLocal || family >> 4 == kUnspecified ||
      protocol == kUnspecified) {
    return std::optional<Addresses>();
  }
  const size_t size = addresses_size(family);
  const Bytes block = header.subspan(kV2FixedSize);
  if (block.size() < size) {
    return Unexpected{std::string_view("it is too short for its addresses")};
  }
  const std::string_view fault = fault_in_tlvs(header, kV2FixedSize + size);
  if (!fault.empty()) return Unexpected{fault};
  if (protocol != kStream || family >> 4 == kUnix) return std::optional<Addresses>();
  return std::optional(read_addresses(block, family >> 4 == kInet ? Family::ipv4 : Family::ipv6));
}

}  // namespace proto::proxy_header
