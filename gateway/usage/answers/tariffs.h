// How domains are billed, and which names are one domain: what answers about usage need to know of
// the configuration.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "gateway/config/document.h"

namespace gateway::usage::answers {

struct Tariffs {
  // By label, as in RowKey::domain.
  std::map<std::string, config::DomainUsage, std::less<>> domains;
  // Of every name that a domain has.
  std::map<std::string, std::string, std::less<>> labels;

  static Tariffs of(const config::Document& document);

  // The label of a domain's name; the name in lower case when it is nobody's.
  std::string label_of(std::string_view name) const;
  // Null: this configuration does not know the domain, so it was perhaps removed.
  const config::DomainUsage* find(std::string_view label) const;
};

}  // namespace gateway::usage::answers
