// Writes frames of our own: control frames of the edge, and the messages of built-in endpoints.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "proto/base/bytes.h"
#include "proto/ws/close.h"
#include "proto/ws/frame.h"

namespace proto::ws {

// Appends the header to `out` in its shortest form (§5.2).
void append_header(std::string& out, const FrameHeader& header);

// A whole frame; masked with `key` where there is one (towards an origin there must be, §5.1).
[[nodiscard]] std::string frame(Opcode opcode, Bytes payload, const std::optional<MaskingKey>& key);

// A Close frame. The reason is cut at a character boundary to kMaxCloseReason; no_status gives an
// empty body.
[[nodiscard]] std::string close_frame(CloseCode code, std::string_view reason,
                                      const std::optional<MaskingKey>& key);

}  // namespace proto::ws
