// The positions of a domain's keys, for mistakes that show when all has been read.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/position.h"

namespace gateway::config {

class MapReader;

// Eight bytes a key: with ten thousand domains whole places would be most of the configuration.
class KeyPlaces {
 public:
  KeyPlaces() = default;
  // Of a map whose keys are those of a domain or of a route. `inherited` are the keys that it
  // starts from, which may stand in another file.
  explicit KeyPlaces(const MapReader& map, std::shared_ptr<const KeyPlaces> inherited = nullptr);

  // Of a key by its path in the domain ("origin.tls.ca"), else of the nearest map around it, else
  // of the domain. Line 0: not from a file.
  Position of(std::string_view path) const;

  // Whether the key is written in the map itself.
  bool has(std::string_view path) const { return find(path) != nullptr; }

  // Whether the same keys stand at the same places.
  bool is_as(const KeyPlaces& other) const;

  // Two documents are equal when they say the same, wherever it was written.
  friend bool operator==(const KeyPlaces& /*a*/, const KeyPlaces& /*b*/) { return true; }

 private:
  struct Spot {
    uint16_t path;  // among the paths of a domain
    uint16_t column;
    int line;

    bool operator==(const Spot&) const = default;
  };

  const Spot* find(std::string_view path) const;
  Position place(const Spot& spot) const { return {begin_.file, spot.line, spot.column}; }

  Position begin_;
  std::vector<Spot> spots_;
  std::shared_ptr<const KeyPlaces> inherited_;
};

}  // namespace gateway::config
