#include "gateway/route/backend.h"

#include "gateway/route/change.h"

namespace gateway::route {

std::shared_ptr<Backend> Backends::of(const Pool& pool, const std::string& server) {
  const std::lock_guard lock(mutex_);
  Known& known = known_[{pool.label, server}];
  if (!known.backend) {
    known.backend = std::make_shared<Backend>(pool.domain, server);
    unconfigured_.emplace(pool.label, server);
  }
  return known.backend;
}

void Backends::use(const Change& change) {
  const std::lock_guard lock(mutex_);
  for (const auto& [before, now] : change.pools) {
    if (before != nullptr) configure(*before, false);
    if (now != nullptr) configure(*now, true);
  }
  forget_unused();
}

void Backends::configure(const Pool& pool, bool configured) {
  for (const Server& server : pool.servers) {
    if (!server.backend) continue;
    const Key key{pool.label, server.backend->name()};
    Known& known = known_[key];
    known.backend = server.backend;
    known.configured = configured;
    if (configured) {
      unconfigured_.erase(key);
    } else {
      unconfigured_.insert(key);
    }
  }
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

// An origin::InUseCount does not hold its backend: only one that counts nothing may go. Whoever
// could begin to count holds a snapshot, and that is a use, too.
void Backends::forget_unused() {
  std::erase_if(unconfigured_, [this](const Key& key) {
    const Known& known = known_.at(key);
    const bool unused = known.backend.use_count() == 1 &&
                        known.backend->sessions.load(std::memory_order_acquire) == 0 &&
                        known.backend->attempts.load(std::memory_order_acquire) == 0;
    if (unused) known_.erase(key);
    return unused;
  });
}

}  // namespace gateway::route
