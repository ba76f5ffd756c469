#include "gateway/config/key_places.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "gateway/config/keys.h"
#include "gateway/config/map_reader.h"
#include "gateway/config/paths.h"

namespace gateway::config {

namespace {

// The number of each path of a domain, and of a route, most of whose paths are a domain's.
const std::unordered_map<std::string, uint16_t>& numbers() {
  static const auto kNumbers = [] {
    std::unordered_map<std::string, uint16_t> numbers;
    for (const Table& table : {keys(Of<Domain>{}), keys(Of<RouteSettings>{})}) {
      for (KeyPath& known : paths_in(table))
        numbers.emplace(std::move(known.path), static_cast<uint16_t>(numbers.size()));
    }
    return numbers;
  }();
  return kNumbers;
}

// Calls `visit` with every key of the map and of the maps below it.
template <class Visit>
void for_each_key(const Node& map, const std::string& prefix, const Visit& visit) {
  for (size_t i = 0; i < map.keys.size() && i < map.items.size(); ++i) {
    const std::string path = (prefix.empty() ? "" : prefix + '.') + map.keys[i].name;
    visit(path, map.keys[i].at);
    if (map.items[i].kind == Node::Kind::map) for_each_key(map.items[i], path, visit);
  }
}

uint16_t clipped(int column) { return static_cast<uint16_t>(std::min(column, 0xFFFF)); }

}  // namespace

KeyPlaces::KeyPlaces(const MapReader& map, std::shared_ptr<const KeyPlaces> inherited)
    : begin_(map.place()), inherited_(std::move(inherited)) {
  for_each_key(map.node(), {}, [&](const std::string& path, Mark at) {
    const auto found = numbers().find(path);
    if (found == numbers().end()) return;
    spots_.push_back({.path = found->second, .column = clipped(at.column), .line = at.line});
  });
  spots_.shrink_to_fit();
}

Position KeyPlaces::of(std::string_view path) const {
  if (const Spot* const own = find(path)) return place(*own);
  if (inherited_ != nullptr) {
    if (const Spot* const above = inherited_->find(path)) return inherited_->place(*above);
  }
  while (path.find('.') != std::string_view::npos) {
    path = path.substr(0, path.rfind('.'));
    if (const Spot* const around = find(path)) return place(*around);
  }
  return begin_;
}

bool KeyPlaces::is_as(const KeyPlaces& other) const {
  return begin_.file == other.begin_.file && begin_.line == other.begin_.line &&
         begin_.column == other.begin_.column && spots_ == other.spots_;
}

const KeyPlaces::Spot* KeyPlaces::find(std::string_view path) const {
  const auto known = numbers().find(std::string(path));
  if (known == numbers().end()) return nullptr;
  const auto found = std::ranges::find(spots_, known->second, &Spot::path);
  return found == spots_.end() ? nullptr : &*found;
}

}  // namespace gateway::config
