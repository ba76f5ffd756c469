#include "gateway/server/rehearsal.h"

#include <string>
#include <utility>

namespace gateway::server {

namespace {

// Nobody is served, so that no cookie is set by it; and nothing is written to state_dir.
proto::Result<std::string, std::string> any_key() {
  constexpr size_t kLeast = 32;
  return std::string(kLeast, '\0');
}

}  // namespace

Rehearsal::Rehearsal(config::Document document) {
  auto built = build_snapshot(std::move(document), nullptr,
                              {.generation = 0,
                               .registry = registry_,
                               .ticket_keys = ticket_keys_,
                               .meters = meters_,
                               .standings = standings_,
                               .backends = backends_,
                               .node_key = any_key});
  if (built) snapshot_ = std::move(*built);
  problems_ = snapshot_ ? snapshot_->warnings : std::move(built.error());
}

}  // namespace gateway::server
