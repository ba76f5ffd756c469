#include "gateway/config/domain_files.h"

#include <algorithm>
#include <utility>

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
  return a.http == b.http && a.websocket == b.websocket && a.origin == b.origin &&
         a.access == b.access && a.usage == b.usage;
}

}  // namespace

void DomainFiles::begin(const Defaults& defaults) {
  before_ = std::exchange(known_, {});
  if (!are_same(defaults, defaults_)) {
    before_.clear();
    defaults_ = defaults;
  }
  known_.reserve(before_.size());
  expected_ = 0;
  parsed_ = 0;
}

void DomainFiles::end() {
  places_.reset();
  before_.clear();
}

std::unique_ptr<DomainFiles::Known> DomainFiles::take(const std::string& file) {
  const bool in_order =
      expected_ < before_.size() && before_[expected_] && before_[expected_]->file == file;
  if (!in_order) {
    if (!places_) find_places();
    const auto found = places_->find(file);
    if (found == places_->end()) return nullptr;
    expected_ = found->second;
  }
  return std::move(before_[expected_++]);
}

// Those that were taken are not asked for again.
void DomainFiles::find_places() {
  places_.emplace();
  for (size_t i = 0; i < before_.size(); ++i) {
    if (before_[i]) places_->emplace(before_[i]->file, i);
  }
}

bool DomainFiles::has_its_secrets(const Known& known) {
  return std::ranges::all_of(known.secrets, [](const auto& secret) {
    return files::is_surely(secret.second, files::mark_of(secret.first));
  });
}

proto::Result<std::shared_ptr<Domain>, std::string> DomainFiles::read(
    const std::string& file, std::vector<Problem>& problems) {
  std::unique_ptr<Known> known = take(file);
  if (known && !has_its_secrets(*known)) known.reset();
  const files::FileMark mark = files::mark_of(file);
  if (!known || !files::is_surely(known->version, mark)) {
    auto text = files::read_text_file(file, kMaxFileBytes);
    if (!text) return proto::Unexpected{std::move(text.error())};
    const files::FileVersion version = files::version_of(mark, *text);
    if (!known || !version.says_the_same_as(known->version))
      return parse(file, *text, version, problems);
    known->version = version;
  }
  problems.insert(problems.end(), known->warnings.begin(), known->warnings.end());
  known_.push_back(std::move(known));
  return known_.back()->domain;
}

// What has errors is not kept: whoever mends it changes it.
std::shared_ptr<Domain> DomainFiles::parse(const std::string& file, std::string_view text,
                                           const files::FileVersion& version,
                                           std::vector<Problem>& problems) {
  ++parsed_;
  auto made = std::make_unique<Known>();
  Known& known = *made;
  known.file = file;
  known.version = version;
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
  known_.push_back(std::move(made));
  return domain;
}

}  // namespace gateway::config
