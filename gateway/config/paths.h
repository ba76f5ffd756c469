// The paths of all keys ("websocket.keepalive.interval"), and what to say about a key that is none.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/field.h"

namespace gateway::config {

struct KeyPath {
  std::string path;    // items of a list carry the path of the list
  const Field* field;  // lives as long as the program
  const void* object;  // what has the defaults of the map that the key is in
  Effect effect;
};

// Every key of the table, each before those below it, in the order of the table. Of what is told
// elsewhere (`defaults`) the first level alone.
std::vector<KeyPath> paths_in(const Table& table);

// The key of this map; nullptr: it has none such.
const Field* find_field(const Table& table, std::string_view name);
// The names of the keys of one map.
std::vector<std::string_view> names_in(const Table& table);

// The error text for `key` in the map at `path` of `root`: the nearest name there or elsewhere, or
// what is known there.
std::string unknown_key(const Table& root, std::string_view path, std::string_view key);

// The candidate that differs by a slip of the keys, or nothing.
std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string_view> candidates);

// "a, b or c", for messages.
std::string one_of(std::span<const std::string_view> names);

}  // namespace gateway::config
