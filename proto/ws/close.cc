#include "proto/ws/close.h"

#include "proto/base/utf8.h"

namespace proto::ws {

bool may_stand_on_wire(uint16_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
         (code >= 3000 && code <= 4999);
}

Result<Close, Violation> judge_close(Bytes body) {
  if (body.empty()) return Close{};
  if (body.size() == 1) {
    return Unexpected{Violation{CloseCode::protocol_error, "Close body of one octet"}};
  }
  const auto code = static_cast<uint16_t>(body[0] << 8 | body[1]);
  if (!may_stand_on_wire(code)) {
    return Unexpected{Violation{CloseCode::protocol_error, "Close code that must not be sent"}};
  }
  const Bytes reason = body.subspan(2);
  if (!is_utf8(reason)) {
    return Unexpected{Violation{CloseCode::invalid_payload, "Close reason is not UTF-8"}};
  }
  return Close{static_cast<CloseCode>(code), std::string(text_of(reason))};
}

std::optional<Close> parse_close(Bytes body) {
  Result<Close, Violation> judged = judge_close(body);
  if (!judged) return std::nullopt;
  return std::move(*judged);
}

}  // namespace proto::ws
