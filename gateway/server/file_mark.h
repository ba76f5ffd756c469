// Which state of a file was seen.
#pragma once

#include <string>

namespace gateway::server {

// Another one as soon as the file is written or replaced; of a symlink, what it points to. Empty:
// there is no such file.
[[nodiscard]] std::string file_mark(const std::string& path);

}  // namespace gateway::server
