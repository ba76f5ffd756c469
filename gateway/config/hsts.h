// The field that http.hsts adds to answers (RFC 6797 §6.1).
#pragma once

#include <string>
#include <string_view>

#include "gateway/config/http.h"

namespace gateway::config {

inline constexpr std::string_view kHstsField = "Strict-Transport-Security";
// Its value.
[[nodiscard]] std::string to_string(const Hsts& hsts);

}  // namespace gateway::config
