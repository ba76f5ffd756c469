#include "gateway/server/rehearsal.h"

#include <utility>

namespace gateway::server {

Rehearsal::Rehearsal(config::Document document) {
  auto built = build_snapshot(std::move(document), nullptr,
                              {.generation = 0,
                               .registry = registry_,
                               .ticket_keys = ticket_keys_,
                               .meters = meters_,
                               .standings = standings_,
                               .backends = backends_});
  if (built) snapshot_ = std::move(*built);
  problems_ = snapshot_ ? snapshot_->warnings : std::move(built.error());
}

}  // namespace gateway::server
