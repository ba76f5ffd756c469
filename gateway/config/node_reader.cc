#include "gateway/config/node_reader.h"

#include <array>
#include <memory>
#include <unistd.h>
#include <utility>

#include "gateway/config/keys.h"
#include "gateway/config/names.h"
#include "gateway/config/read.h"

namespace gateway::config {

namespace {

constexpr Range kDomainSources = {0, 100'000};

std::string host_name() {
  std::array<char, 256> buffer{};
  if (gethostname(buffer.data(), buffer.size() - 1) != 0) return "weir";
  std::string name = std::string(buffer.data()).substr(0, 64);
  for (char& c : name) {
    if (!is_plain_name({&c, 1})) c = '-';
  }
  return name.empty() ? "weir" : name;
}

Defaults read_defaults(const MapReader& map) {
  Defaults defaults;
  defaults.places = std::make_shared<KeyPlaces>(map);
  read(map.rooted(keys(Of<Domain>{})), defaults);
  return defaults;
}

void add_source(const MapReader& map, const Node& node, const std::string& path,
                std::vector<DomainSource>& out) {
  if (node.kind == Node::Kind::map) {
    out.push_back({&node, {}, path, node.at});
  } else if (auto pattern = map.scalar(node, path)) {
    out.push_back({nullptr, std::move(*pattern), path, node.at});
  }
}

std::vector<DomainSource> read_domain_sources(const MapReader& map) {
  std::vector<DomainSource> sources;
  const Node* node = map.find("domains");
  if (node == nullptr) return sources;
  if (node->kind == Node::Kind::map) {
    map.error("domains", "must be a list of domains, or a pattern of files such as domains/*.yaml");
  } else if (node->kind == Node::Kind::scalar || node->kind == Node::Kind::null) {
    add_source(map, *node, "domains", sources);
  } else {
    map.list("domains", kDomainSources, [&](const Node& item, const std::string& path) {
      add_source(map, item, path, sources);
    });
  }
  return sources;
}

}  // namespace

NodeFile read_node(const MapReader& map, Document& document) {
  document.node = host_name();
  read(map, document);
  NodeFile file;
  if (auto defaults = map.below("defaults", keys(Of<Defaults>{})))
    file.defaults = read_defaults(*defaults);
  file.domains = read_domain_sources(map);
  return file;
}

}  // namespace gateway::config
