// Sec-WebSocket-Extensions: its grammar (RFC 6455 §9.1) and permessage-deflate's parameters (RFC
// 7692 §7).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/base/result.h"

namespace proto::ws {

struct ExtensionParameter {
  std::string name;
  std::optional<std::string> value;  // unquoted
};

struct Extension {
  std::string name;  // as written
  std::vector<ExtensionParameter> parameters;
};

inline constexpr size_t kMaxExtensions = 16;           // in one field value
inline constexpr size_t kMaxExtensionParameters = 16;  // of one extension

// Parses the field value(s) joined by ", ". Error: what is wrong with it, for a 400 or 502.
Result<std::vector<Extension>, std::string> parse_extensions(std::string_view value);

// As a field value. Values of parameters are tokens, so nothing needs quotes.
[[nodiscard]] std::string to_text(const Extension& extension);

// The offers an origin may see: those for permessage-deflate with valid parameters, in order, as
// field value; empty: none. Every other extension is dropped, on both sides alike: the scanner
// could not judge its frames.
[[nodiscard]] std::string offers_to_forward(const std::vector<Extension>& offers);

// Judges an origin's answer against the forwarded offers. True: permessage-deflate is on. Error:
// why it is a bad answer (not offered, more than one, a parameter that is unknown, doubled, out of
// 8-15 or not allowed in an answer, one above what was offered, or one missing that was).
Result<bool, std::string> judge_answer(const std::vector<Extension>& answer,
                                       const std::vector<Extension>& offers);

}  // namespace proto::ws
