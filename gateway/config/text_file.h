// Files that are read whole, as far as they may be long.
#pragma once

#include <cstddef>
#include <string>

#include "proto/base/result.h"

namespace gateway::config {

// All of it, or of a longer file a little more than `most` bytes, so that it shows. Error: what
// follows the file's name, "cannot be read: " and why.
proto::Result<std::string, std::string> read_text_file(const std::string& path, size_t most);

}  // namespace gateway::config
