#include "gateway/config/domain_files.h"

#include <algorithm>

#include "gateway/config/findings.h"
#include "gateway/config/keys.h"
#include "gateway/config/map_reader.h"
#include "gateway/config/named_files.h"
#include "gateway/config/yaml_tree.h"
#include "gateway/files/text_file.h"

namespace gateway::config {

namespace {

// Whether a domain inherits the same from both, with the places that its warnings name.
bool are_same(const Defaults& a, const Defaults& b) {
  if ((a.places == nullptr) != (b.places == nullptr)) return false;
  if (a.places != nullptr && !a.places->is_as(*b.places)) return false;
  return a.websocket == b.websocket && a.origin == b.origin && a.access == b.access &&
         a.usage == b.usage;
}

}  // namespace

void DomainFiles::begin(const Defaults& defaults) {
  if (!are_same(defaults, defaults_)) {
    known_.clear();
    defaults_ = defaults;
  }
  parsed_ = 0;
  for (auto& [file, known] : known_) known.wanted = false;
}

void DomainFiles::end() {
  std::erase_if(known_, [](const auto& entry) { return !entry.second.wanted; });
}

bool DomainFiles::has_its_secrets(const Known& known) {
  return std::ranges::all_of(known.secrets, [](const auto& secret) {
    return files::is_surely(secret.second, files::mark_of(secret.first));
  });
}

proto::Result<std::shared_ptr<Domain>, std::string> DomainFiles::read(
    const std::string& file, std::vector<Problem>& problems) {
  const auto found = known_.find(file);
  Known* const known =
      found != known_.end() && has_its_secrets(found->second) ? &found->second : nullptr;
  const files::FileMark mark = files::mark_of(file);
  if (known == nullptr || !files::is_surely(known->version, mark)) {
    auto text = files::read_text_file(file, kMaxFileBytes);
    if (!text) return proto::Unexpected{std::move(text.error())};
    const files::FileVersion version = files::version_of(mark, *text);
    if (known == nullptr || !version.says_the_same_as(known->version))
      return parse(file, *text, version, problems);
    known->version = version;
  }
  known->wanted = true;
  problems.insert(problems.end(), known->warnings.begin(), known->warnings.end());
  return known->domain;
}

// What has errors is not kept: whoever mends it changes it.
std::shared_ptr<Domain> DomainFiles::parse(const std::string& file, std::string_view text,
                                           const files::FileVersion& version,
                                           std::vector<Problem>& problems) {
  ++parsed_;
  known_.erase(file);
  Known known;
  known.version = version;
  known.wanted = true;
  Findings findings(file, known.warnings);
  const auto tree = parse_yaml(text, findings);
  if (tree) {
    const MapReader map(*tree, {}, keys(Of<Domain>{}), findings);
    known.domain = std::make_shared<Domain>(read_domain(map, defaults_));
  }
  problems.insert(problems.end(), known.warnings.begin(), known.warnings.end());
  std::shared_ptr<Domain> domain = known.domain;
  if (domain == nullptr || !std::ranges::all_of(known.warnings, &Problem::warning)) return domain;
  for (const std::string& path : secret_files(*domain))
    known.secrets.emplace_back(path, files::look_at(path, nullptr));
  known_.emplace(file, std::move(known));
  return domain;
}

}  // namespace gateway::config
