// conf/ against the table: the examples show every key, and no other.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include <doctest/doctest.h>

#include "gateway/config/keys.h"
#include "gateway/config/paths.h"

using namespace gateway::config;

namespace {

std::string text_of(const std::string& file) {
  std::ifstream in(WEIR_SOURCE_DIR "/conf/" + file);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The words in front of a colon, in comments too, where a line begins or a map in { }.
std::set<std::string> keys_shown(const std::string& text) {
  const std::regex key(R"((?:^|\n|[{,])[ #-]*([a-z_0-9]+):(?=\s))");
  std::set<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), key), end; it != end; ++it)
    found.insert((*it)[1]);
  return found;
}

std::set<std::string> keys_known(const Table& table) {
  std::set<std::string> names;
  for (const KeyPath& key : paths_in(table)) names.insert(key.path.substr(key.path.rfind('.') + 1));
  return names;
}

// What stands in front of a colon, too: "true: a limit that is used up …".
bool is_value(const Table& table, const std::string& name) {
  if (name == "off" || name == "true") return true;
  return std::ranges::any_of(paths_in(table), [&name](const KeyPath& key) {
    const auto* const rule = std::get_if<Bound<OneOf>>(&key.field->rule);
    return rule != nullptr && std::ranges::find(rule->words, name) != rule->words.end();
  });
}

// `below`: the keys that may be shown as well.
void check_example(const std::string& file, const Table& table, const Table& below) {
  const auto shown = keys_shown(text_of(file));
  const auto known = keys_known(table);
  const auto also = keys_known(below);
  for (const std::string& name : known)
    CHECK_MESSAGE(shown.count(name) == 1, file << " does not show " << name);
  for (const std::string& name : shown) {
    const bool is_key = known.count(name) == 1 || also.count(name) == 1;
    CHECK_MESSAGE((is_key || is_value(table, name)), file << " shows " << name << ": no key");
  }
}

}  // namespace

TEST_CASE("examples: conf/weir.yaml shows each key of the node file, and no other") {
  // Below `defaults:` stand those of a domain.
  check_example("weir.yaml", keys(Of<Document>{}), keys(Of<Domain>{}));
}

TEST_CASE("examples: chat.example.com.yaml shows each key of a domain, and no other") {
  check_example("domains/chat.example.com.yaml", keys(Of<Domain>{}), keys(Of<Domain>{}));
}
