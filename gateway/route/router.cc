#include "gateway/route/router.h"

#include <utility>

#include "proto/base/host.h"

namespace gateway::route {

bool Router::add(std::string_view name, std::shared_ptr<const Domain> domain) {
  const bool wildcard = name.starts_with("*.");
  Names& names = wildcard ? below_ : exact_;
  return names.emplace(proto::canonical_host(wildcard ? name.substr(2) : name), std::move(domain))
      .second;
}

const Router::Entry& Router::entry(std::string_view host) const {
  static const Entry kNone;
  if (const auto found = exact_.find(host); found != exact_.end()) return found->second;
  while (!below_.empty()) {
    const size_t dot = host.find('.');
    if (dot == std::string_view::npos) break;
    host.remove_prefix(dot + 1);
    if (const auto found = below_.find(host); found != below_.end()) return found->second;
  }
  return kNone;
}

}  // namespace gateway::route
