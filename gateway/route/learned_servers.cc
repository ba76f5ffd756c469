#include "gateway/route/learned_servers.h"

#include <iterator>

namespace gateway::route {

void LearnedServers::learn(std::string_view id, uint64_t server, milliseconds now) {
  const std::lock_guard lock(mutex_);
  forget_old(now);
  const auto found = places_.find(id);
  if (found != places_.end()) {
    found->second->server = server;
    touch(found->second, now);
    return;
  }
  if (known_.size() >= kMost) forget_first();
  known_.push_back({.id = std::string(id), .server = server, .used = now});
  const Place place = std::prev(known_.end());
  places_.emplace(place->id, place);
}

std::optional<uint64_t> LearnedServers::find(std::string_view id, milliseconds now) {
  const std::lock_guard lock(mutex_);
  forget_old(now);
  const auto found = places_.find(id);
  if (found == places_.end()) return std::nullopt;
  touch(found->second, now);
  return found->second->server;
}

size_t LearnedServers::size() const {
  const std::lock_guard lock(mutex_);
  return known_.size();
}

void LearnedServers::forget_old(milliseconds now) {
  while (!known_.empty() && now - known_.front().used >= kForget) forget_first();
}

void LearnedServers::touch(Place place, milliseconds now) {
  place->used = now;
  known_.splice(known_.end(), known_, place);
}

void LearnedServers::forget_first() {
  places_.erase(known_.front().id);
  known_.pop_front();
}

}  // namespace gateway::route
