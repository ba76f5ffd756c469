// The header of PROXY protocol version 2 (§2.2): its fixed part, and what follows it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "proto/base/bytes.h"
#include "proto/base/result.h"
#include "proto/proxy_header/header.h"

namespace proto::proxy_header {

// Judges octet 13 or 14 as soon as it is there; empty: good.
[[nodiscard]] std::string_view fault_in_command(uint8_t octet);
[[nodiscard]] std::string_view fault_in_family(uint8_t command, uint8_t family);

// Octets of the whole header, by its fixed part of kV2FixedSize octets.
[[nodiscard]] size_t v2_size(Bytes fixed);

// The whole header, whose command and family were judged. Error: what is wrong with it.
Result<std::optional<Addresses>, std::string_view> read_v2(Bytes header);

}  // namespace proto::proxy_header
