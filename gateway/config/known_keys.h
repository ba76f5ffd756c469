// What to say about a key that is none.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gateway/config/known_paths.h"

namespace gateway::config {

// Where in a scope a map stands: "websocket.keepalive", or nothing for the top.
struct Level {
  Scope scope = Scope::node;
  std::string prefix;

  Level below(std::string_view key) const;
  bool knows(std::string_view key) const;
};

// The error text for `key` on that level: the nearest name there or elsewhere, or what is known on
// the level.
std::string unknown_key(const Level& level, std::string_view key);

// The candidate that differs by a slip of the keys, or nothing.
std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string_view> candidates);

// "a, b or c", for messages.
std::string one_of(std::span<const std::string_view> names);

}  // namespace gateway::config
