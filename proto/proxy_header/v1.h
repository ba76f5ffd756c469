// The line of PROXY protocol version 1 (§2.1), whole.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "proto/base/result.h"
#include "proto/proxy_header/header.h"

namespace proto::proxy_header {

// The line with its CR LF. Error: what is wrong with it.
Result<std::optional<Addresses>, std::string_view> read_v1(std::string_view line);

}  // namespace proto::proxy_header
