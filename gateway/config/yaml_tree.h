// One YAML document as a small tree that knows where each thing stands. The only file that knows
// yaml-cpp.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/findings.h"

namespace gateway::config {

struct Node {
  // broken: there was something here, it is already reported, and it counts as absent.
  enum class Kind { null, scalar, sequence, map, broken };
  struct Key {
    std::string name;
    Mark at;
  };

  Kind kind = Kind::null;
  Mark at;
  std::string text;         // of a scalar, quotes and escapes resolved
  std::vector<Key> keys;    // of a map, unique, in the order of the file
  std::vector<Node> items;  // of a map (one for each key) or a sequence
};

inline constexpr size_t kMaxFileBytes = size_t{8} * 1024 * 1024;
inline constexpr size_t kMaxNodes = 1'000'000;
inline constexpr size_t kMaxDepth = 64;

// Strict: UTF-8, one document, no anchor, alias, tag or duplicate key, nothing above the limits.
// Mistakes go to `findings`; nothing comes back when the text cannot be read to its end.
std::optional<Node> parse_yaml(std::string_view text, Findings& findings);

}  // namespace gateway::config
