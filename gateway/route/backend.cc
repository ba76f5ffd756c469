#include "gateway/route/backend.h"

#include "gateway/route/snapshot.h"

namespace gateway::route {

std::shared_ptr<Backend> Backends::of(const std::string& domain, const std::string& server) {
  const std::lock_guard lock(mutex_);
  Known& known = known_[{domain, server}];
  if (!known.backend) known.backend = std::make_shared<Backend>(domain, server);
  return known.backend;
}

void Backends::use(const Snapshot& snapshot) {
  const std::lock_guard lock(mutex_);
  for (auto& [key, known] : known_) known.configured = false;
  for (const Pool* pool : snapshot.pools) {
    for (const Server& server : pool->servers) {
      if (!server.backend) continue;
      Known& known = known_[{server.backend->domain(), server.backend->name()}];
      known.backend = server.backend;
      known.configured = true;
    }
  }
  forget_unused();
}

std::vector<std::shared_ptr<const Backend>> Backends::list() {
  const std::lock_guard lock(mutex_);
  forget_unused();
  std::vector<std::shared_ptr<const Backend>> found;
  found.reserve(known_.size());
  for (const auto& [key, known] : known_) {
    if (known.configured || known.backend->sessions.load(std::memory_order_relaxed) > 0)
      found.push_back(known.backend);
  }
  return found;
}

size_t Backends::size() const {
  const std::lock_guard lock(mutex_);
  return known_.size();
}

// A token counts without holding its backend: only one that counts nothing may go. Whoever could
// begin to count holds a snapshot, and that is a use, too.
void Backends::forget_unused() {
  std::erase_if(known_, [](const auto& entry) {
    const Known& known = entry.second;
    return !known.configured && known.backend.use_count() == 1 &&
           known.backend->sessions.load(std::memory_order_acquire) == 0 &&
           known.backend->attempts.load(std::memory_order_acquire) == 0;
  });
}

}  // namespace gateway::route
