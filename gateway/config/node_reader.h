// Reads the node file: everything in it but the domains, and where those are.
#pragma once

#include <string>
#include <vector>

#include "gateway/config/document.h"
#include "gateway/config/domain_reader.h"
#include "gateway/config/map_reader.h"

namespace gateway::config {

// One entry of `domains:`: a map that is a domain, or the pattern of files that hold one each.
struct DomainSource {
  const Node* map = nullptr;  // lives as long as the tree of the node file
  std::string pattern;        // when there is no map
  std::string path;           // "domains[0]"
  Mark at;
};

struct NodeFile {
  Defaults defaults;
  std::vector<DomainSource> domains;
};

NodeFile read_node(const MapReader& map, Document& document);

}  // namespace gateway::config
