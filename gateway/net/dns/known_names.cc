#include "gateway/net/dns/known_names.h"

#include <algorithm>
#include <utility>

namespace gateway::net::dns {

void KnownNames::put(const std::string& name, Answer answer) {
  const std::lock_guard lock(mutex_);
  if (answers_.size() >= kMost && !answers_.contains(name)) {
    answers_.erase(std::ranges::min_element(answers_, {},
                                            [](const auto& one) { return one.second.received; }));
  }
  answers_[name] = std::move(answer);
}

void KnownNames::forget(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto found = answers_.find(name);
  if (found != answers_.end()) answers_.erase(found);
}

std::optional<KnownNames::Answer> KnownNames::newer_than(milliseconds received,
                                                         std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = answers_.find(name);
  if (found == answers_.end() || found->second.received <= received) return std::nullopt;
  return found->second;
}

}  // namespace gateway::net::dns
