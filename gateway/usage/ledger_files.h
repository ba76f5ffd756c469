// Files of usage that cannot be read are kept under another name: the operator may still want them.
#pragma once

#include <string>

namespace gateway::usage {

// Renames `path` to "<path>.damaged-<UTC time>", with "-2" and so on behind it when that is taken.
// Empty: done, and `new_path` says where to; else why not.
[[nodiscard]] std::string keep_damaged(const std::string& path, std::string& new_path);

}  // namespace gateway::usage
