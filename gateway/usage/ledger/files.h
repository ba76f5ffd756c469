// Files of usage that are not used any more, damaged or there twice, are kept under another name:
// the operator may still want them.
#pragma once

#include <string>
#include <string_view>

namespace gateway::usage::ledger {

// Renames `path` to "<path>.<what>-<UTC time>", with "-2" and so on behind it when that is taken;
// `what` is "damaged" or "duplicate". Empty: done, and `new_path` says where to; else why not.
[[nodiscard]] std::string keep_aside(const std::string& path, std::string_view what,
                                     std::string& new_path);

}  // namespace gateway::usage::ledger
