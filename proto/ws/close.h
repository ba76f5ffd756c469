// Close codes and the body of a Close frame (RFC 6455 §5.5.1, §7.4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proto/base/bytes.h"
#include "proto/base/result.h"

namespace proto::ws {

enum class CloseCode : uint16_t {
  normal = 1000,
  going_away = 1001,
  protocol_error = 1002,
  unsupported_data = 1003,
  no_status = 1005,  // an empty Close body; never on the wire
  abnormal = 1006,   // no Close at all; never on the wire
  invalid_payload = 1007,
  policy_violation = 1008,
  message_too_big = 1009,
  mandatory_extension = 1010,
  internal_error = 1011,
  service_restart = 1012,
  try_again_later = 1013,
  bad_gateway = 1014,
  tls_handshake = 1015,  // never on the wire
};

inline constexpr size_t kMaxCloseReason = 123;  // bytes of UTF-8 (§5.5)

struct Close {
  CloseCode code =
      CloseCode::no_status;  // may hold any value that a peer may send, named above or not
  std::string reason;
};

// A peer broke the protocol: `code` and `why` fit the Close frame that answers it.
struct Violation {
  CloseCode code;
  std::string_view why;  // static text, at most 123 bytes
};

// True for 1000-1003, 1007-1014 and 3000-4999: what an endpoint may put into a Close frame (§7.4.2,
// IANA registry).
[[nodiscard]] bool may_stand_on_wire(uint16_t code);

// Reads an unmasked Close body. Error: 1002 for one octet or a code that may not be sent, 1007 for
// a reason that is not UTF-8.
Result<Close, Violation> judge_close(Bytes body);

// The same for who does not answer: nothing when the body is malformed.
[[nodiscard]] std::optional<Close> parse_close(Bytes body);

}  // namespace proto::ws
