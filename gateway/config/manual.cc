#include "gateway/config/manual.h"

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "gateway/config/findings.h"
#include "gateway/config/keys.h"
#include "gateway/config/paths.h"
#include "gateway/config/rule_text.h"

namespace gateway::config {

namespace {

constexpr size_t kIndent = 4;
constexpr size_t kMostMeant = 8;  // more suggestions than this say nothing

struct Chapter {
  const char* title;
  Table table;
};

std::array<Chapter, 2> chapters() {
  return {{{"Keys of weir.yaml", keys(Of<Document>{})},
           {"Keys of a domain, in domains/*.yaml", keys(Of<Domain>{})}}};
}

const char* text_of(Effect effect) {
  switch (effect) {
    case Effect::new_sessions:
      return "a change is for new sessions";
    case Effect::live:
      return "a change acts at once";
    case Effect::restart:
      break;
  }
  return "a change needs a restart";
}

// Columns, not bytes: what continues a UTF-8 sequence takes none.
size_t width_of(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// Lines of whole words, each behind the indent.
void wrap(std::string_view text, size_t columns, std::string& out) {
  size_t used = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const bool fits = used > 0 && used + 1 + width_of(word) <= columns;
    if (!fits) out += (used > 0 ? "\n" : "") + std::string(kIndent, ' ');
    if (fits) out += ' ';
    used = (fits ? used + 1 : kIndent) + width_of(word);
    out += word;
  }
  out += '\n';
}

// A map has nothing to say that its keys do not, but whether it is off.
std::string summary(const KeyPath& key) {
  std::string out = rule_text(key.field->rule);
  const auto* const map = std::get_if<Map>(&key.field->rule);
  if (map != nullptr && map->at(key.object) != nullptr) return out;
  const std::string usual = default_text(*key.field, key.object);
  if (!key.field->more.required.empty()) out += "; required";
  if (!usual.empty()) out += "; default " + usual;
  return out + "; " + text_of(key.effect);
}

bool is_below(std::string_view path, std::string_view wanted) {
  if (wanted.empty() || path == wanted) return true;
  return path.starts_with(wanted) && path[wanted.size()] == '.';
}

std::string_view last_word(std::string_view path) { return path.substr(path.rfind('.') + 1); }

// The paths of all chapters.
std::vector<std::string> all_paths() {
  std::vector<std::string> paths;
  for (const Chapter& chapter : chapters()) {
    for (KeyPath& key : paths_in(chapter.table)) paths.push_back(std::move(key.path));
  }
  return paths;
}

}  // namespace

std::optional<std::string> manual(std::string_view path, size_t columns) {
  std::string out;
  for (const Chapter& chapter : chapters()) {
    bool begun = false;
    for (const KeyPath& key : paths_in(chapter.table)) {
      if (!is_below(key.path, path)) continue;
      if (!begun) out += (out.empty() ? "" : "\n") + std::string(chapter.title) + "\n";
      begun = true;
      out += '\n' + key.path + '\n';
      wrap(summary(key), columns, out);
      wrap(key.field->doc, columns, out);
    }
  }
  return out.empty() ? std::nullopt : std::optional(std::move(out));
}

std::string unknown_path(std::string_view path) {
  const std::vector<std::string> paths = all_paths();
  const std::vector<std::string_view> known(paths.begin(), paths.end());
  const std::string out = in_quotes(path) + " is no key";
  std::vector<std::string_view> meant;
  std::ranges::copy_if(known, std::back_inserter(meant), [path](std::string_view candidate) {
    return last_word(candidate) == last_word(path);
  });
  if (meant.empty()) {
    if (const auto near = nearest(path, known)) meant.push_back(*near);
  }
  if (meant.empty() || meant.size() > kMostMeant) return out + "; without a path all are told";
  return out + ": did you mean " + one_of(meant) + "?";
}

}  // namespace gateway::config
