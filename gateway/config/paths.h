// Values that name other files: "file:/path", "${ENV_NAME}".
#pragma once

#include <optional>
#include <string>

#include "gateway/config/section.h"

namespace gateway::config {

// The NAME of "${NAME}", or nothing for any other text.
std::optional<std::string> variable_name(std::string_view value);

enum class Environment { refused, allowed };

// The path a `file:` value names, made absolute; a relative one starts at the folder of the
// configuration file. With `allowed`, the whole value may be "${NAME}", whose variable then holds
// the path, with or without "file:".
std::optional<std::string> file_value(const Section& section, std::string_view key,
                                      Environment environment);

// `path` as seen from the folder of `file`.
std::string beside(const std::string& file, const std::string& path);

}  // namespace gateway::config
