// Every key there is.
#pragma once

#include <span>
#include <string_view>

namespace gateway::config {

// The kinds of map that are read: the node file, one domain, and the price file of `weir bill`.
enum class Scope { node, domain, prices };

// Full paths ("websocket.keepalive.interval"); items of a list carry the path of the list, and "*"
// stands for a name of the operator's own.
std::span<const std::string_view> known_paths(Scope scope);

}  // namespace gateway::config
