// Reads maps by their table.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/config/map_reader.h"

namespace gateway::config {

// Lays the keys that are present over what is in the object already, which is how `defaults:` are
// inherited key by key: what is absent or wrong leaves its member as it was. The object is of the
// struct whose table it is.
void read(const MapReader& map, const Table& table, void* object);

template <class T>
void read(const MapReader& map, T& object) {
  read(map, keys(Of<T>{}), &object);
}

// One value by its rule; nothing when it is absent or wrong.
std::optional<bool> value_of(const MapReader& map, std::string_view key, const Switch& rule);
std::optional<uint64_t> value_of(const MapReader& map, std::string_view key, const Count& rule);
std::optional<milliseconds> value_of(const MapReader& map, std::string_view key,
                                     const Duration& rule);
std::optional<size_t> value_of(const MapReader& map, std::string_view key, const OneOf& rule);
std::optional<std::string> value_of(const MapReader& map, std::string_view key, const Text& rule);

}  // namespace gateway::config
