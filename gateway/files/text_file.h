// Files that the operator names, read whole, as far as they may be long. Nothing here waits: not
// for the writer of a pipe, not for a terminal, not for the end of a device that has none.
#pragma once

#include <cstddef>
#include <string>

#include "proto/base/result.h"

namespace gateway::files {

// All of it, or of a longer file a little more than `most` bytes, so that it shows. Error: what
// follows the file's name, "cannot be read: " and why.
proto::Result<std::string, std::string> read_text_file(const std::string& path, size_t most);

}  // namespace gateway::files
