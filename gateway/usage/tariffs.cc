#include "gateway/usage/tariffs.h"

#include "proto/base/text.h"

namespace gateway::usage {

Tariffs Tariffs::of(const config::Document& document) {
  Tariffs tariffs;
  for (const config::Domain& domain : document.domains) {
    if (domain.names.empty()) continue;
    const std::string label = proto::to_lower(domain.names.front());
    tariffs.domains[label] = domain.usage;
    for (const std::string& name : domain.names) tariffs.labels[proto::to_lower(name)] = label;
  }
  return tariffs;
}

std::string Tariffs::label_of(std::string_view name) const {
  std::string lower = proto::to_lower(name);
  const auto found = labels.find(lower);
  return found == labels.end() ? lower : found->second;
}

const config::DomainUsage* Tariffs::find(std::string_view label) const {
  const auto found = domains.find(label);
  return found == domains.end() ? nullptr : &found->second;
}

}  // namespace gateway::usage
