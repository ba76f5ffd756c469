#include "gateway/server/restart_keys.h"

namespace gateway::server {

std::vector<std::string> keys_that_wait(const config::Document& started_with,
                                        const config::Document& next, size_t workers) {
  const config::Document& now = started_with;
  std::vector<std::string> lines;
  const auto tell = [&lines](bool changed, const char* key) {
    if (changed)
      lines.push_back(std::string(key) + " has changed: that takes effect with a restart");
  };
  tell(now.node != next.node, "node");
  tell(next.workers && *next.workers != workers, "workers");
  tell(now.state_dir != next.state_dir, "state_dir");
  tell(now.admin.address != next.admin.address || now.admin.port != next.admin.port,
       "admin.listen");
  tell(!(now.log.access == next.log.access), "log.access");
  tell(!(now.usage == next.usage), "usage");
  tell(!(now.resolver == next.resolver), "resolver");
  tell(now.reload.on_change != next.reload.on_change, "reload.on_change");
  return lines;
}

}  // namespace gateway::server
