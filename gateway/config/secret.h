// Values that should not stand in the configuration: a password, or an address that holds one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/config/section.h"

namespace gateway::config {

struct Secret {
  static constexpr size_t kLongest = 4096;  // bytes

  std::string value;
  std::string reference;  // "file:/path" or "${NAME}", as it may be shown; empty: written as it is
};

// "file:/path" is the one line of that file, read now; "${NAME}" the content of a variable; any
// other text the value itself. Nothing (and reported, without the value) when it cannot be had.
std::optional<Secret> secret_value(const Section& section, std::string_view key);

}  // namespace gateway::config
