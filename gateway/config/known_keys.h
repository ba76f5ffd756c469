// Every key there is, and what to say about one that is not.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace gateway::config {

// The kinds of map that are read: the node file, one domain, and the price file of `weir bill`.
enum class Scope { node, domain, prices };

// Full paths ("websocket.keepalive.interval"); items of a list carry the path of the list, and "*"
// stands for a name of the operator's own.
std::span<const std::string_view> known_paths(Scope scope);

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
