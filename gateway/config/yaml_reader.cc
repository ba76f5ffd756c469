#include "gateway/config/yaml_reader.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <glob.h>
#include <map>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "gateway/config/check.h"
#include "gateway/config/domain_files.h"
#include "gateway/config/keys.h"
#include "gateway/config/map_reader.h"
#include "gateway/config/node_reader.h"
#include "gateway/config/path_check.h"
#include "gateway/config/yaml_tree.h"
#include "gateway/files/text_file.h"
#include "proto/base/result.h"

namespace gateway::config {

namespace {

using proto::Unexpected;

// The folder of the node file is a place, not part of the pattern, so its own wildcards mean
// themselves.
std::string escaped(const std::string& folder) {
  std::string out;
  for (char c : folder) {
    if (c == '*' || c == '?' || c == '[' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

bool has_wildcard(const std::string& pattern) {
  return pattern.find_first_of("*?[") != std::string::npos;
}

// A folder that is not there holds no files; one that may not be read would silently lose its
// domains.
int stop_unless_absent(const char* /*path*/, int error) noexcept {
  return error == ENOENT || error == ENOTDIR ? 0 : 1;
}

proto::Result<std::vector<std::string>, std::string> files_of(const std::string& node_file,
                                                              const std::string& pattern) {
  std::filesystem::path folder = std::filesystem::path(node_file).parent_path();
  if (!has_wildcard(pattern)) return std::vector<std::string>{(folder / pattern).string()};
  bool absolute = pattern.starts_with('/');
  std::string whole = absolute ? pattern : escaped((folder / "").string()) + pattern;
  glob_t found{};
  // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread at a time reads configuration
  int outcome = glob(whole.c_str(), 0, stop_unless_absent, &found);
  std::vector<std::string> files;
  if (outcome == 0) files.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  globfree(&found);
  if (outcome != 0 && outcome != GLOB_NOMATCH) {
    return Unexpected{"the folder of " + in_quotes(pattern) + " cannot be read"};
  }
  return files;
}

// One run over the node file and all the files it names.
class Run {
 public:
  // `files`: where domain files are read; null: none may be named. `running`: of a reload, else
  // null.
  explicit Run(std::string name, DomainFiles* files = nullptr, const Document* running = nullptr)
      : files_(files), running_(running) {
    reading_.document.files.push_back(std::move(name));
  }

  void read(std::string_view text);
  void check_the_disk() { check_paths(reading_.document, reading_.problems); }
  void fail(const std::string& why) { Findings(node_file(), reading_.problems).error({}, {}, why); }
  Reading finish();

 private:
  // A copy, because reading domain files makes the list grow.
  std::string node_file() const { return reading_.document.files.front(); }
  void read_pattern(const DomainSource& source, Findings& findings);
  void note_unmatched(const DomainSource& source, Findings& findings);
  void note_no_domains(const Node& tree, const MapReader& map, Findings& findings);
  void read_domain_file(const std::string& file, const DomainSource& source, Findings& findings);
  void sort();

  DomainFiles* files_;
  const Document* running_;
  Reading reading_;
  ptrdiff_t patterns_ = 0;  // that name domain files
  std::unordered_set<std::string> seen_;
};

void Run::read(std::string_view text) {
  Findings findings(node_file(), reading_.problems);
  auto tree = parse_yaml(text, findings);
  if (!tree) return;
  MapReader map(*tree, {}, keys(Of<Document>{}), findings);
  NodeFile node = read_node(map, reading_.document);
  if (files_ != nullptr) files_->begin(node.defaults);
  patterns_ = std::ranges::count(node.domains, nullptr, &DomainSource::map);
  for (const DomainSource& source : node.domains) {
    if (source.map != nullptr) {
      MapReader domain(*source.map, source.path, keys(Of<Domain>{}), findings);
      reading_.document.domains.push_back(read_domain(domain, node.defaults));
    } else if (files_ != nullptr) {
      read_pattern(source, findings);
    } else {
      findings.error(source.at, source.path, "no files can be named here: write the domain itself");
    }
  }
  if (files_ != nullptr) {
    files_->end();
    reading_.parsed = files_->parsed();
  }
  note_no_domains(*tree, map, findings);
}

void Run::note_no_domains(const Node& tree, const MapReader& map, Findings& findings) {
  const Document& document = reading_.document;
  if (!document.domains.empty() || !reading_.ok()) return;
  const Node* list = map.find("domains");
  const bool meant = list != nullptr && list->kind == Node::Kind::sequence && list->items.empty();
  const size_t served = running_ != nullptr ? running_->domains.size() : 0;
  if (served > 0 && !meant) {
    findings.error(tree.at, "domains",
                   "there is no domain any more, and a reload does not take away the " +
                       std::to_string(served) +
                       " in force for that: write domains: [] if none is meant");
  } else if (document.unmatched.empty()) {
    findings.warn(tree.at, "domains", "W_NO_DOMAINS",
                  "there is no domain: every request is refused");
  }
}

void Run::note_unmatched(const DomainSource& source, Findings& findings) {
  std::vector<std::string>& unmatched = reading_.document.unmatched;
  unmatched.push_back(source.pattern);
  const std::string text = "no file matches " + in_quotes(source.pattern);
  const bool before =
      running_ == nullptr ||
      std::ranges::find(running_->unmatched, source.pattern) != running_->unmatched.end();
  if (before) return findings.warn(source.at, source.path, "W_NO_DOMAINS", text);
  findings.error(source.at, source.path,
                 text +
                     ", and a reload takes no domains away for that: write domains: [] if none is "
                     "meant, or leave the pattern out");
}

void Run::read_pattern(const DomainSource& source, Findings& findings) {
  auto files = files_of(node_file(), source.pattern);
  if (!files) return findings.error(source.at, source.path, files.error());
  if (files->empty()) note_unmatched(source, findings);
  for (const std::string& file : *files) {
    // Patterns may overlap; a file counts once. One pattern alone names no file twice.
    if (patterns_ < 2 || seen_.insert(file).second) read_domain_file(file, source, findings);
  }
}

void Run::read_domain_file(const std::string& file, const DomainSource& source,
                           Findings& findings) {
  auto domain = files_->read(file, reading_.problems);
  if (!domain)
    return findings.error(source.at, source.path, in_quotes(file) + ' ' + domain.error());
  reading_.document.files.push_back(file);
  if (*domain != nullptr) reading_.document.domains.push_back(std::move(*domain));
}

void Run::sort() {
  if (reading_.problems.size() < 2) return;
  std::map<std::string, size_t> order;
  for (const std::string& file : reading_.document.files) order.emplace(file, order.size());
  auto rank = [&order](const Problem& problem) {
    auto found = order.find(problem.place.file);
    size_t file = found == order.end() ? order.size() : found->second;
    return std::tuple(file, problem.place.line, problem.place.column);
  };
  std::stable_sort(reading_.problems.begin(), reading_.problems.end(),
                   [&rank](const Problem& a, const Problem& b) { return rank(a) < rank(b); });
}

Reading Run::finish() {
  check(reading_.document, reading_.problems);
  sort();
  return std::move(reading_);
}

}  // namespace

bool Reading::ok() const {
  return std::all_of(problems.begin(), problems.end(),
                     [](const Problem& problem) { return problem.warning; });
}

Reader::Reader(std::string path)
    : path_(std::move(path)), files_(std::make_unique<DomainFiles>()) {}

Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;
Reader::~Reader() = default;

Reading Reader::read() { return read(nullptr); }

Reading Reader::read_again(const Document& running) { return read(&running); }

Reading Reader::read(const Document* running) {
  Run run(path_, files_.get(), running);
  auto text = files::read_text_file(path_, kMaxFileBytes);
  if (text) {
    run.read(*text);
    run.check_the_disk();
  } else {
    run.fail(text.error());
  }
  return run.finish();
}

Reading read_files(const std::string& path) { return Reader(path).read(); }

Reading read_text(std::string_view yaml, const std::string& name) {
  Run run(name);
  run.read(yaml);
  return run.finish();
}

}  // namespace gateway::config
