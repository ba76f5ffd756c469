#include "gateway/usage/answers/tariffs.h"

#include "proto/base/host.h"
#include "proto/base/text.h"

namespace gateway::usage::answers {

Tariffs Tariffs::of(const config::Document& document) {
  Tariffs tariffs;
  for (const config::Domain& domain : document.domains) {
    if (domain.names.empty()) continue;
    const std::string label = domain.label();
    tariffs.domains[label] = domain.usage;
    for (const std::string& name : domain.names)
      tariffs.labels[proto::canonical_host(name)] = label;
  }
  return tariffs;
}

std::string Tariffs::label_of(std::string_view name) const {
  const auto found = labels.find(proto::canonical_host(name));
  return found == labels.end() ? proto::to_lower(name) : found->second;
}

const config::DomainUsage* Tariffs::find(std::string_view label) const {
  const auto found = domains.find(label);
  return found == domains.end() ? nullptr : &found->second;
}

}  // namespace gateway::usage::answers
