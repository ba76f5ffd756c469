#include "gateway/server/restart_keys.h"

#include "gateway/config/changes.h"

namespace gateway::server {

std::vector<std::string> keys_that_wait(const config::Document& started_with,
                                        const config::Document& next, size_t workers) {
  config::Document now = started_with;
  // As many as run are right, and so is auto, which chose them.
  now.workers = next.workers ? std::optional(static_cast<uint32_t>(workers)) : std::nullopt;
  std::vector<std::string> lines = config::changed_for_restart(now, next);
  for (std::string& line : lines) line += " has changed: that takes effect with a restart";
  return lines;
}

}  // namespace gateway::server
