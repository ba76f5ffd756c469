// Values that name where the value is: "file:/path", "${ENV_NAME}".
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/config/map_reader.h"

namespace gateway::config {

enum class Environment { refused, allowed };

// The path a `file:` value names, made absolute; a relative one starts at the folder of the
// configuration file. With `allowed`, the whole value may be "${NAME}", whose variable then holds
// the path, with or without "file:".
std::optional<std::string> file_value(const MapReader& map, std::string_view key,
                                      Environment environment);

// A value that should not stand in the configuration: a password, or an address that holds one.
struct Secret {
  static constexpr size_t kLongest = 4096;  // bytes

  std::string value;
  std::string reference;  // "file:/path" or "${NAME}", as it may be shown; empty: written as it is
};

// "file:/path" is the one line of that file, read now; "${NAME}" the content of a variable; any
// other text the value itself. Nothing (and reported, without the value) when it cannot be had.
std::optional<Secret> secret_value(const MapReader& map, std::string_view key);

// `path` as seen from the folder of `file`.
std::string beside(const std::string& file, const std::string& path);

}  // namespace gateway::config
