// The manual of all keys, from the table.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace gateway::config {

// The values that can be written for the key `path` and for all below it: "websocket.keepalive", of
// the node file and of a domain; empty: all keys. Lines have at most `columns`, where words allow
// it. Nothing: there is no such key.
std::optional<std::string> manual(std::string_view path, size_t columns);

// The message about a path that is none: which one was probably meant.
std::string unknown_path(std::string_view path);

}  // namespace gateway::config
