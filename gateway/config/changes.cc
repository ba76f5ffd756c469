#include "gateway/config/changes.h"

#include "gateway/config/keys.h"

namespace gateway::config {

namespace {

// All that stands below a key that needs a restart needs one, too, and is told as that key.
void compare(const Table& table, const std::string& prefix, const void* now, const void* next,
             std::vector<std::string>& found) {
  for (const Field& field : table.fields) {
    const auto* const map = std::get_if<Map>(&field.rule);
    const std::string path = prefix + std::string(field.name);
    if (field.more.effect == Effect::restart) {
      if (!field.same(now, next)) found.push_back(path);
    } else if (map != nullptr && map->at(now) != nullptr && map->at(next) != nullptr) {
      compare(map->keys(), map->beside ? prefix : path + '.', map->at(now), map->at(next), found);
    }
  }
}

}  // namespace

std::vector<std::string> changed_for_restart(const Document& now, const Document& next) {
  std::vector<std::string> found;
  compare(keys(Of<Document>{}), {}, &now, &next, found);
  return found;
}

}  // namespace gateway::config
