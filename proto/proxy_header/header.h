// What a PROXY protocol header says (haproxy's proxy-protocol.txt), and its constants.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "proto/base/bytes.h"
#include "proto/proxy_header/address.h"

namespace proto::proxy_header {

enum class Version : uint8_t { v1 = 1, v2 = 2 };

// The two ends of the connection that the sender accepted, of one family.
struct Addresses {
  Address source;
  Address destination;
  friend bool operator==(const Addresses&, const Addresses&) = default;
};

struct Header {
  Version version = Version::v1;
  // Nothing: the header names none that is of use (LOCAL, UNKNOWN, a UNIX socket, datagrams), and
  // the connection's own addresses hold.
  std::optional<Addresses> addresses;
};

// §2.1: the longest line of version 1, CR LF included.
inline constexpr size_t kMaxV1Size = 107;
// §2.2: signature, command, family, length.
inline constexpr size_t kV2FixedSize = 16;
// Two IPv6 addresses with their ports.
inline constexpr size_t kMaxTcpAddresses = 36;
// What may follow the addresses: names and certificates of TLS clients, ids of clouds. §2 promises
// that a header fits a segment of 536 octets, but senders write 1 to 2 KB, and version 2 could say
// 65535.
inline constexpr size_t kMaxTlvs = 4096;
inline constexpr size_t kDefaultMaxSize = kV2FixedSize + kMaxTcpAddresses + kMaxTlvs;

inline constexpr std::string_view kV1Signature = "PROXY ";
inline constexpr std::array<uint8_t, 12> kV2Signature = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d,
                                                         0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};

// Type, length and value of what may follow the addresses of version 2 (§2.2).
inline constexpr size_t kTlvHeadSize = 3;
inline constexpr uint8_t kTlvCrc32c = 0x03;

// Castagnoli's CRC (RFC 4960 appendix B) of the octets, one after another.
class Crc32c {
 public:
  void add(Bytes bytes);
  [[nodiscard]] uint32_t value() const { return ~state_; }

 private:
  uint32_t state_ = UINT32_MAX;
};

}  // namespace proto::proxy_header
